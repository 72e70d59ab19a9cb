using System.Collections.Immutable;
using Meerkat.Storage;

namespace Meerkat.Simulator.Medium;

/// <summary>
/// The medium as one process has it: when the process ends, so does its way to the medium, in the middle of whatever it does. Faults of
/// the medium come from <paramref name="fault"/>.
/// </summary>
/// <param name="inner">The medium.</param>
/// <param name="lives">Whether the process lives; asked before every operation.</param>
/// <param name="fault">Before every change of a path: the error number (errno) with which it fails, 0 for none.</param>
internal sealed class ProcessVolume(IVolume inner, Func<bool> lives, Func<string, int> fault) : VolumeDecorator(inner)
{
    private readonly List<IVolumeFile> opened = [];

    /// <summary>As the system does for a process that has ended.</summary>
    public void CloseAll()
    {
        opened.ForEach(file => file.Dispose());
        opened.Clear();
    }

    public override long FreeBytes => Alive(base.FreeBytes);

    public override VolumeEntry? Find(string path)
    {
        Demand();
        return base.Find(path);
    }

    public override ImmutableArray<VolumeEntry> List(string path)
    {
        Demand();
        return base.List(path);
    }

    public override IVolumeFile OpenRead(string path)
    {
        Demand();
        return Opened(base.OpenRead(path));
    }

    public override IVolumeFile OpenWrite(string path)
    {
        Demand();
        return Opened(base.OpenWrite(path));
    }

    public override IVolumeFile Create(string path, int mode)
    {
        DemandChange("create", path);
        return Opened(base.Create(path, mode));
    }

    public override void CreateDirectory(string path, int mode)
    {
        DemandChange("create", path);
        base.CreateDirectory(path, mode);
    }

    public override void CreateLink(string path, string target)
    {
        DemandChange("create", path);
        base.CreateLink(path, target);
    }

    public override void Rename(string from, string to)
    {
        DemandChange("rename", from);
        base.Rename(from, to);
    }

    public override void Remove(string path)
    {
        DemandChange("remove", path);
        base.Remove(path);
    }

    public override void SetAttributes(string path, EntryAttributes attributes)
    {
        DemandChange("set the mode of", path);
        base.SetAttributes(path, attributes);
    }

    public override void FlushDirectory(string path)
    {
        DemandChange("flush", path);
        base.FlushDirectory(path);
    }

    protected override void Writing(IVolumeFile file, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        DemandChange("write", path);
        base.Writing(file, path, bytes, offset);
    }

    protected override void Truncating(IVolumeFile file, string path, long length)
    {
        DemandChange("truncate", path);
        base.Truncating(file, path, length);
    }

    protected override void Flushing(IVolumeFile file, string path)
    {
        DemandChange("flush", path);
        base.Flushing(file, path);
    }

    protected override int Reading(IVolumeFile file, string path, Span<byte> buffer, long offset)
    {
        Demand();
        return base.Reading(file, path, buffer, offset);
    }

    private IVolumeFile Opened(IVolumeFile file)
    {
        opened.Add(file);
        return file;
    }

    private long Alive(long value)
    {
        Demand();
        return value;
    }

    private void Demand()
    {
        if (!lives())
        {
            throw new ProcessEndedException();
        }
    }

    private void DemandChange(string verb, string path)
    {
        Demand();
        if (fault(path) is not 0 and var errno)
        {
            throw new StorageException(verb, path, errno);
        }
        // The question itself may have ended the process.
        Demand();
    }
}
