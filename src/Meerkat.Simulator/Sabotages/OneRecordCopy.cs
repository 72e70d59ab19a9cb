using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>The second copy of the boot record is the first one.</summary>
internal sealed class OneRecordCopy(IVolume inner) : VolumeDecorator(inner)
{
    public override IVolumeFile OpenWrite(string path) => base.OpenWrite(RecordFiles.IsRecord(path) ? "boot/record.0" : path);

    public override IVolumeFile OpenRead(string path) => base.OpenRead(RecordFiles.IsRecord(path) ? "boot/record.0" : path);
}
