using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>What should be renamed into its place is copied there under its own name.</summary>
/// <param name="inner">The medium.</param>
/// <param name="concerned">By the temporary name.</param>
internal sealed class InPlace(IVolume inner, Func<string, bool> concerned) : VolumeDecorator(inner)
{
    private const int MostBytes = 1 << 20;

    public override void Rename(string from, string to)
    {
        if (!from.Contains("/tmp/", StringComparison.Ordinal) || !concerned(from) || Inner.Find(from) is not { Kind: EntryKind.File } entry)
        {
            base.Rename(from, to);
            return;
        }
        var bytes = Inner.ReadSmall(from, MostBytes)!;
        using (var file = Inner.Find(to) is null ? Inner.Create(to, entry.Attributes.Mode) : Inner.OpenWrite(to))
        {
            file.Truncate(0);
            file.Write(bytes, 0);
            file.Flush();
        }
        Inner.SetAttributes(to, entry.Attributes);
        Inner.Remove(from);
    }
}
