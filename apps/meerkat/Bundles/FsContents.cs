using Meerkat.Core.Bundles;
using Meerkat.Core.Health;

namespace Meerkat.Tool.Bundles;

/// <summary>Counts what a file-system image holds.</summary>
internal sealed class FsContents : ITarSink
{
    public int Files { get; private set; }
    public int Folders { get; private set; }
    public int Links { get; private set; }
    public long Bytes { get; private set; }
    public List<string> NotTaken { get; } = [];

    /// <summary>The health contract in it; none when it has none.</summary>
    public HealthReading? Health { get; private set; }

    /// <summary>Of the contract, while it is read.</summary>
    private MemoryStream? contract;

    bool ITarSink.Folder(TarMember member)
    {
        Folders++;
        NoContract(member);
        return true;
    }

    bool ITarSink.FileBegin(TarMember member, long sizeBytes)
    {
        Files++;
        Bytes += sizeBytes;
        contract = member.Path == HealthContract.FileName ? new MemoryStream() : null;
        return true;
    }

    bool ITarSink.FileData(ReadOnlySpan<byte> data)
    {
        // One byte too many is enough to refuse it.
        var room = HealthContract.MostBytes + 1 - (int)(contract?.Length ?? 0);
        contract?.Write(data[..Math.Min(data.Length, room)]);
        return true;
    }

    bool ITarSink.FileEnd()
    {
        Health = contract is null ? Health : HealthContractParser.OfFile(contract.ToArray());
        contract = null;
        return true;
    }

    bool ITarSink.SymbolicLink(TarMember member, string target)
    {
        Links++;
        NoContract(member);
        return true;
    }

    bool ITarSink.Skipped(string path)
    {
        NotTaken.Add(path);
        return true;
    }

    private void NoContract(TarMember member)
    {
        if (member.Path == HealthContract.FileName)
        {
            Health = HealthReading.Damaged.NoFile;
        }
    }

    void ITarSink.End()
    {
    }
}
