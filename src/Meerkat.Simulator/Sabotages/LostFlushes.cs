using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>Some flushes do nothing.</summary>
internal sealed class LostFlushes(IVolume inner, Func<string, bool> files, Func<string, bool> directories) : VolumeDecorator(inner)
{
    public override void FlushDirectory(string path)
    {
        if (!directories(path))
        {
            base.FlushDirectory(path);
        }
    }

    protected override void Flushing(IVolumeFile file, string path)
    {
        if (!files(path))
        {
            base.Flushing(file, path);
        }
    }
}
