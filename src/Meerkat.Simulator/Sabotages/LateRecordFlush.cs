using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>The flush of the boot record comes with the next operation, after the answer.</summary>
internal sealed class LateRecordFlush(IVolume inner) : VolumeDecorator(inner)
{
    private string? owed;

    public override IVolumeFile Create(string path, int mode)
    {
        Pay();
        return base.Create(path, mode);
    }

    public override IVolumeFile OpenWrite(string path)
    {
        Pay();
        return base.OpenWrite(path);
    }

    public override void Remove(string path)
    {
        Pay();
        base.Remove(path);
    }

    protected override void Flushing(IVolumeFile file, string path)
    {
        if (RecordFiles.IsRecord(path))
        {
            owed = path;
            return;
        }
        base.Flushing(file, path);
    }

    private void Pay()
    {
        if (owed is { } path)
        {
            owed = null;
            using var file = Inner.OpenWrite(path);
            file.Flush();
        }
    }
}
