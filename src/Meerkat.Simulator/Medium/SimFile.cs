using Meerkat.Storage;

namespace Meerkat.Simulator.Medium;

/// <summary>An open file of a <see cref="SimVolume"/>.</summary>
internal sealed class SimFile : IVolumeFile
{
    private readonly SimVolume volume;
    private readonly SimNode file;
    private readonly string path;
    private readonly bool mayWrite;
    private bool closed;

    public SimFile(SimVolume volume, SimNode file, string path, bool mayWrite)
    {
        this.volume = volume;
        this.file = file;
        this.path = path;
        this.mayWrite = mayWrite;
        file.Open++;
    }

    public long Length
    {
        get
        {
            DemandOpen();
            return file.Bytes.Length;
        }
    }

    public int Read(Span<byte> buffer, long offset)
    {
        DemandOpen();
        if (offset >= file.Bytes.Length)
        {
            return 0;
        }
        var count = (int)Math.Min(buffer.Length, file.Bytes.Length - offset);
        file.Bytes.AsSpan((int)offset, count).CopyTo(buffer);
        return count;
    }

    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        DemandOpen();
        SimVolume.Demand(mayWrite, $"write to {path}, which is open to be read");
        volume.Write(file, path, bytes, offset);
    }

    public void Truncate(long length)
    {
        DemandOpen();
        SimVolume.Demand(mayWrite, $"truncation of {path}, which is open to be read");
        volume.Truncate(file, path, length);
    }

    public void Flush()
    {
        DemandOpen();
        volume.Flush(file, path);
    }

    public void Dispose()
    {
        if (!closed)
        {
            closed = true;
            file.Open--;
        }
    }

    private void DemandOpen() => SimVolume.Demand(!closed, $"use of {path} after it was closed");
}
