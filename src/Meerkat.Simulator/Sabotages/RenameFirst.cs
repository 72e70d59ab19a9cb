using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>What is written under a temporary name is flushed after it was renamed.</summary>
internal sealed class RenameFirst(IVolume inner) : VolumeDecorator(inner)
{
    private readonly HashSet<string> owed = new(StringComparer.Ordinal);

    public override void Rename(string from, string to)
    {
        base.Rename(from, to);
        if (owed.Remove(from))
        {
            using var file = Inner.OpenWrite(to);
            file.Flush();
        }
    }

    protected override void Flushing(IVolumeFile file, string path)
    {
        if (path.EndsWith(".new", StringComparison.Ordinal) || path.Contains("/tmp/", StringComparison.Ordinal))
        {
            owed.Add(path);
            return;
        }
        base.Flushing(file, path);
    }
}
