using System.Buffers;
using System.Security.Cryptography;
using Meerkat.Core.Bundles;

namespace Meerkat.Core.Tests.Bundles;

/// <summary>Writes down what the readers say, in the words of <c>testdata/bundles/*.events</c>.</summary>
internal sealed class Recording : IBundleSink, ITarSink
{
    private readonly ArrayBufferWriter<byte> part = new();
    private readonly ArrayBufferWriter<byte> file = new();
    private TarMember? member;
    private TarReader? image;
    private int partLine;

    public List<string> Events { get; } = [];
    public Dictionary<string, byte[]> Data { get; } = [];
    public List<TarMember> Members { get; } = [];
    public BundleHead? Head { get; private set; }
    public string? StopAt { get; init; }
    public string? Skip { get; init; }
    public BundleProblem? ImageProblem { get; private set; }

    public bool Manifest(BundleHead head)
    {
        Head = head;
        var m = head.Manifest;
        Events.AddRange(head.Attributes.Select(a => $"attribute {a.Key}={a.Value}")
            .Prepend($"manifest {m.Name} {m.Version} {m.BuildId} {m.Platform}"));
        return StopAt != "manifest";
    }

    public PartChoice PartBegin(BundlePart part)
    {
        this.part.ResetWrittenCount();
        partLine = Events.Count;
        image = part.Part.Src!.EndsWith(".tar", StringComparison.Ordinal) ? new TarReader(this) : null;
        return StopAt == "begin" ? PartChoice.Stop : Skip == part.Name ? PartChoice.Skip : PartChoice.Take;
    }

    public bool PartData(ReadOnlySpan<byte> data)
    {
        part.Write(data);
        ImageProblem = image?.Push(data);
        return StopAt != "data" && ImageProblem is null;
    }

    public bool PartEnd(CompletedPart part)
    {
        ImageProblem = image?.Complete();
        Data[part.Name] = this.part.WrittenSpan.ToArray();
        Events.Insert(partLine, $"part {part.Name} {part.SizeBytes} {part.Sha256}");
        return StopAt != "end";
    }

    void IBundleSink.End() => Events.Add("end");

    public bool Folder(TarMember member) => Add("folder", member);

    public bool FileBegin(TarMember member, long sizeBytes)
    {
        this.member = member;
        file.ResetWrittenCount();
        return StopAt != "file";
    }

    public bool FileData(ReadOnlySpan<byte> data)
    {
        file.Write(data);
        return true;
    }

    public bool FileEnd() =>
        Add("file", member!, $" {file.WrittenCount} {Convert.ToHexStringLower(SHA256.HashData(file.WrittenSpan))}");

    public bool SymbolicLink(TarMember member, string target) => Add("link", member, $" {target}");

    public bool Skipped(string path)
    {
        Events.Add($"skipped {path}");
        return true;
    }

    void ITarSink.End()
    {
    }

    private bool Add(string kind, TarMember member, string more = "")
    {
        Members.Add(member);
        Events.Add($"{kind} {member.Path} {Convert.ToString((int)member.Mode, 8)}{more}");
        return true;
    }
}
