using Meerkat.Core.Merge;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>The user's configuration file as bytes, without a look inside.</summary>
public static class UserSettings
{
    private const int MostBytes = 1 << 20;

    /// <summary>Whether the user's settings in a trial slot are no longer those it began with.</summary>
    public static bool Differ(IVolume volume, SlotId trial, SlotId fallback)
    {
        try
        {
            return MergePlanner.UserFiles.Any(name =>
            {
                var now = volume.ReadSmall($"{SlotPaths.Files(trial)}/{name}", MostBytes);
                var before = volume.ReadSmall($"{SlotPaths.Files(fallback)}/{name}", MostBytes);
                return !now.AsSpan().SequenceEqual(before);
            });
        }
        catch (StorageException)
        {
            return false;
        }
    }
}
