using System.Collections.Immutable;
using Meerkat.Storage;

namespace Meerkat.Boot.Tests;

/// <summary>A volume on which operations fail as a medium makes them fail: one of them, or all that write from one on.</summary>
/// <param name="volume">The real one.</param>
/// <param name="errno">What the failing operation says.</param>
/// <param name="at">The operation that fails, counted from 0; negative: none.</param>
/// <param name="forGood">Every later operation that changes something fails too, as on a medium that is full or was made read-only.</param>
internal sealed class FaultyVolume(IVolume volume, int errno, int at, bool forGood) : IVolume
{
    public const int IoError = 5;
    public const int NoSpace = 28;
    public const int ReadOnly = 30;

    /// <summary>So many were asked for.</summary>
    public int Operations { get; private set; }

    public long FreeBytes => volume.FreeBytes;

    public VolumeEntry? Find(string path)
    {
        Reads("look at", path);
        return volume.Find(path);
    }

    public ImmutableArray<VolumeEntry> List(string path)
    {
        Reads("list", path);
        return volume.List(path);
    }

    public IVolumeFile OpenRead(string path)
    {
        Reads("open", path);
        return new FaultyFile(volume.OpenRead(path), this, path);
    }

    public IVolumeFile OpenWrite(string path)
    {
        Changes("open", path, needsSpace: false);
        return new FaultyFile(volume.OpenWrite(path), this, path);
    }

    public IVolumeFile Create(string path, int mode)
    {
        Changes("create", path);
        return new FaultyFile(volume.Create(path, mode), this, path);
    }

    public void CreateDirectory(string path, int mode)
    {
        Changes("create", path);
        volume.CreateDirectory(path, mode);
    }

    public void CreateLink(string path, string target)
    {
        Changes("create", path);
        volume.CreateLink(path, target);
    }

    public string ReadLink(string path)
    {
        Reads("read", path);
        return volume.ReadLink(path);
    }

    public void Rename(string from, string to)
    {
        Changes("rename", from);
        volume.Rename(from, to);
    }

    public void Remove(string path)
    {
        Changes("remove", path, needsSpace: false);
        volume.Remove(path);
    }

    public void SetAttributes(string path, EntryAttributes attributes)
    {
        Changes("set the mode of", path, needsSpace: false);
        volume.SetAttributes(path, attributes);
    }

    public void FlushDirectory(string path)
    {
        Changes("flush", path);
        volume.FlushDirectory(path);
    }

    private void Reads(string operation, string path)
    {
        // A medium that is full or read-only can still be read.
        if (Operations++ == at && errno == IoError)
        {
            throw new StorageException(operation, path, errno);
        }
    }

    private void Changes(string operation, string path, bool needsSpace = true)
    {
        var due = Operations == at || (forGood && Operations > at && at >= 0);
        Operations++;
        if (due && (needsSpace || errno != NoSpace))
        {
            throw new StorageException(operation, path, errno);
        }
    }

    private sealed class FaultyFile(IVolumeFile file, FaultyVolume faults, string path) : IVolumeFile
    {
        public long Length => file.Length;

        public string Identity => file.Identity;

        public int Read(Span<byte> buffer, long offset)
        {
            faults.Reads("read", path);
            return file.Read(buffer, offset);
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            faults.Changes("write", path);
            file.Write(bytes, offset);
        }

        public void Reserve(long bytes) => file.Reserve(bytes);

        public void Truncate(long length)
        {
            faults.Changes("truncate", path, needsSpace: false);
            file.Truncate(length);
        }

        public void Flush()
        {
            faults.Changes("flush", path);
            file.Flush();
        }

        public void Dispose() => file.Dispose();
    }
}
