using System.Globalization;
using Meerkat.Core.Bundles;

namespace Meerkat.Fuzz.Targets;

/// <summary>File-system images: tar archives, pushed in pieces.</summary>
internal sealed class TarTarget : Target
{
    public override string Name => "tar";

    public override MemoryBound Memory => new(512 << 10, 64);

    public override byte[] Generate(Random chance) => TarText.Generate(chance).ToBytes();

    public override byte[] Mutate(byte[] input, byte[] other, Random chance) =>
        chance.Next(5) == 0 || TarText.Read(input) is not { } tar
            ? ByteMutations.Mutate(input, other, chance)
            : tar.Mutate(TarText.Read(other), chance).ToBytes();

    public override object? Parse(byte[] input) => Read(input, [Range.All]);

    public override bool Accepted(object? parsed) => ((Reading)parsed!).Problem is null;

    public override void Examine(byte[] input, object? parsed)
    {
        var whole = (Reading)parsed!;
        Read(input, Pieces(input, ChanceOf(input))).MustEqual(whole, "in pieces");
        if (input.Length <= 4096)
        {
            Read(input, Enumerable.Range(0, input.Length).Select(at => at..(at + 1))).MustEqual(whole, "byte by byte");
        }
    }

    private static Reading Read(byte[] input, IEnumerable<Range> pieces)
    {
        var sink = new Sink();
        var reader = new TarReader(sink);
        foreach (var piece in pieces)
        {
            if (reader.Push(input.AsSpan(piece)) is not null)
            {
                break;
            }
        }
        var problem = reader.Complete();
        FindingException.Unless(problem is null || problem.Text.Length is > 0 and < 2000, "a refusal without words, or with too many");
        FindingException.Unless(problem?.Code != BundleProblemCode.Stopped, "stopped, though the receiver did not ask for it");
        FindingException.Unless(problem is not null || sink.IsEnded, "accepted, and the receiver was not told of the end");
        return new Reading(sink.Log, problem);
    }

    private sealed record Reading(EventLog Log, BundleProblem? Problem)
    {
        public void MustEqual(Reading other, string how)
        {
            FindingException.Unless(
                Problem?.Code == other.Problem?.Code && Problem?.Entry == other.Problem?.Entry,
                $"{how}: '{Problem?.Text ?? "accepted"}', as a whole '{other.Problem?.Text ?? "accepted"}'");
            Log.MustEqual(other.Log, how);
        }
    }

    /// <summary>Also sees to it that nothing leaves the root, and that nothing is put where something else is.</summary>
    private sealed class Sink : ITarSink
    {
        private readonly Dictionary<string, char> tree = [];
        private string? open;
        private long size;

        public EventLog Log { get; } = new();

        public bool IsEnded { get; private set; }

        public bool Folder(TarMember member) => Add('d', member);

        public bool FileBegin(TarMember member, long sizeBytes)
        {
            Add('f', member);
            (open, size) = (member.Path, sizeBytes);
            Log.Begin("data");
            return true;
        }

        public bool FileData(ReadOnlySpan<byte> data)
        {
            FindingException.Unless(open is not null, "data of no file");
            Log.Data(data);
            return true;
        }

        public bool FileEnd()
        {
            FindingException.Unless(open is not null && Log.DataBytes == size, "a file that is not as long as was said");
            open = null;
            Log.End("end of file");
            return true;
        }

        public bool SymbolicLink(TarMember member, string target)
        {
            Add('l', member);
            var at = member.Path.Split('/').Length - 1;
            FindingException.Unless(target.Length > 0 && target[0] != '/' && !target.Contains('\0', StringComparison.Ordinal), "an absolute link");
            foreach (var name in target.Split('/').Where(name => name is not ("" or ".")))
            {
                at += name == ".." ? -1 : 1;
                FindingException.Unless(at >= 0, $"the link {member.Path} -> {target} leaves the file system");
            }
            Log.Add(target);
            return true;
        }

        public bool Skipped(string path)
        {
            Log.Add($"skipped {path}");
            return true;
        }

        public void End()
        {
            FindingException.Unless(open is null && !IsEnded, "the end comes at the wrong time");
            IsEnded = true;
            Log.Add("end");
        }

        private bool Add(char kind, TarMember member)
        {
            FindingException.Unless(open is null && !IsEnded, "a member comes at the wrong time");
            var names = member.Path.Split('/');
            FindingException.Unless(
                names.All(name => name is not ("" or "." or "..") && !name.Contains('\0', StringComparison.Ordinal)),
                $"a member with the path '{member.Path}'");
            FindingException.Unless(!UserSettingsFile.Covers(member.Path), "the user's own file comes from an image");
            for (var count = 1; count < names.Length; count++)
            {
                var above = string.Join('/', names[..count]);
                FindingException.Unless(tree.GetValueOrDefault(above, 'd') == 'd', $"'{member.Path}' lies below '{above}', which is no folder");
                tree[above] = 'd';
            }
            FindingException.Unless(!tree.TryGetValue(member.Path, out var there) || (there == 'd' && kind == 'd'), $"'{member.Path}' comes twice");
            tree[member.Path] = kind;
            Log.Add(string.Create(CultureInfo.InvariantCulture, $"{kind} {member.Path} {(int)member.Mode} {member.ModifiedAt:O}"));
            return true;
        }
    }
}
