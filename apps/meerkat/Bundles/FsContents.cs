using Meerkat.Core.Bundles;

namespace Meerkat.Tool.Bundles;

/// <summary>Counts what a file-system image holds.</summary>
internal sealed class FsContents : ITarSink
{
    public int Files { get; private set; }
    public int Folders { get; private set; }
    public int Links { get; private set; }
    public long Bytes { get; private set; }
    public List<string> NotTaken { get; } = [];

    bool ITarSink.Folder(TarMember member)
    {
        Folders++;
        return true;
    }

    bool ITarSink.FileBegin(TarMember member, long sizeBytes)
    {
        Files++;
        Bytes += sizeBytes;
        return true;
    }

    bool ITarSink.FileData(ReadOnlySpan<byte> data) => true;

    bool ITarSink.FileEnd() => true;

    bool ITarSink.SymbolicLink(TarMember member, string target)
    {
        Links++;
        return true;
    }

    bool ITarSink.Skipped(string path)
    {
        NotTaken.Add(path);
        return true;
    }

    void ITarSink.End()
    {
    }
}
