using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>A write of the boot record goes to the copy that counts.</summary>
internal sealed class RecordInPlace(IVolume inner) : VolumeDecorator(inner)
{
    public override IVolumeFile OpenWrite(string path)
    {
        if (!RecordFiles.IsRecord(path))
        {
            return base.OpenWrite(path);
        }
        var other = RecordFiles.Other(path);
        var counts = (RecordFiles.Read(Inner, path)?.Sequence ?? 0) > (RecordFiles.Read(Inner, other)?.Sequence ?? 0) ? path : other;
        return base.OpenWrite(counts);
    }
}
