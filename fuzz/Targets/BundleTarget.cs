using System.Globalization;
using System.Security.Cryptography;
using Meerkat.Core.Bundles;

namespace Meerkat.Fuzz.Targets;

/// <summary>Bundles: zip archives, pushed in pieces.</summary>
internal sealed class BundleTarget : Target
{
    private static readonly JsonMutations Manifests = new(ManifestTarget.Words);

    public override string Name => "bundle";

    // A deflated entry takes two buffers, and what passes through them is not allocated.
    public override MemoryBound Memory => new(2 << 20, 64);

    public override byte[] Generate(Random chance) => ZipText.Generate(chance).ToBytes();

    public override byte[] Mutate(byte[] input, byte[] other, Random chance)
    {
        if (chance.Next(4) == 0 || ZipText.Read(input) is not { } zip)
        {
            return ByteMutations.Mutate(input, other, chance);
        }
        if (chance.Next(3) == 0)
        {
            zip.ChangeManifest(text => Manifests.Mutate(text, other, chance));
            return zip.ToBytes();
        }
        return zip.Mutate(ZipText.Read(other), chance).ToBytes();
    }

    public override object? Parse(byte[] input) => Read(input, [Range.All], announced: false);

    public override bool Accepted(object? parsed) => ((Reading)parsed!).Problem is null;

    public override void Examine(byte[] input, object? parsed)
    {
        var whole = (Reading)parsed!;
        var chance = ChanceOf(input);
        Read(input, Pieces(input, chance), announced: false).MustEqual(whole, "in pieces");
        if (input.Length <= 2048)
        {
            Read(input, Enumerable.Range(0, input.Length).Select(at => at..(at + 1)), announced: false).MustEqual(whole, "byte by byte");
        }
        if (whole.Problem is null)
        {
            Read(input, Pieces(input, chance), announced: true).MustEqual(whole, "with its size announced");
        }
    }

    private static Reading Read(byte[] input, IEnumerable<Range> pieces, bool announced)
    {
        var sink = new Sink();
        using var reader = new BundleReader(sink, announcedBytes: announced ? input.Length : null);
        foreach (var piece in pieces)
        {
            if (reader.Push(input.AsSpan(piece)) is not null)
            {
                break;
            }
        }
        var problem = reader.Complete();
        FindingException.Unless(reader.Ended == problem is null, "the reader has ended and has a problem, or neither");
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
                Problem?.Code == other.Problem?.Code,
                $"{how}: '{Problem?.Text ?? "accepted"}', as a whole '{other.Problem?.Text ?? "accepted"}'");
            Log.MustEqual(other.Log, how);
        }
    }

    /// <summary>Also sees to it that events come in their order, and that a part is what it was said to be.</summary>
    private sealed class Sink : IBundleSink
    {
        private readonly HashSet<string> parts = [];
        private BundleHead? head;
        private BundlePart? open;
        private IncrementalHash? digest;

        public EventLog Log { get; } = new();

        public bool IsEnded { get; private set; }

        public bool Manifest(BundleHead head)
        {
            FindingException.Unless(this.head is null, "two manifests");
            this.head = head;
            Log.Add($"manifest {head.Manifest.Name} {head.Manifest.Version} {string.Join(',', head.Attributes)}");
            return true;
        }

        public PartChoice PartBegin(BundlePart part)
        {
            FindingException.Unless(head is not null && open is null && !IsEnded, "a part begins at the wrong time");
            FindingException.Unless(parts.Add(part.Part.Name), "a part comes twice");
            // By its own name, so that pieces choose alike.
            if (part.Part.Name.StartsWith("skip", StringComparison.Ordinal))
            {
                return PartChoice.Skip;
            }
            open = part;
            digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Log.Begin(string.Create(CultureInfo.InvariantCulture, $"part {part.Part.Name} {part.SizeBytes}"));
            return PartChoice.Take;
        }

        public bool PartData(ReadOnlySpan<byte> data)
        {
            FindingException.Unless(open is not null, "data of no part");
            digest!.AppendData(data);
            Log.Data(data);
            FindingException.Unless(Log.DataBytes <= open!.SizeBytes, "a part has more bytes than it was said to have");
            return true;
        }

        public bool PartEnd(CompletedPart part)
        {
            FindingException.Unless(open?.Part == part.Part && Log.DataBytes == part.SizeBytes, "a part ends that was not begun, or too short");
            FindingException.Unless(
                Convert.ToHexStringLower(digest!.GetHashAndReset()) == part.Sha256.ToString()
                && (part.Part.CsSha256 is not { } declared || declared == part.Sha256),
                "the digest of a part is not that of its bytes");
            digest.Dispose();
            open = null;
            Log.End("end of part");
            return true;
        }

        public void End()
        {
            FindingException.Unless(open is null && !IsEnded && head is not null, "the end comes at the wrong time");
            IsEnded = true;
            Log.Add("end");
        }
    }
}
