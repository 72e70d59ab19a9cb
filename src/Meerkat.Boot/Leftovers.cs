using Meerkat.Core.Merge;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// What a cut leaves behind in places that stay: half-made replacements, temporary files of a merge, names of sockets. To be removed
/// while nothing runs. A slot that nothing can start goes as a whole, elsewhere.
/// </summary>
public static class Leftovers
{
    /// <param name="volume">The device's root.</param>
    /// <param name="running">The slot that is about to run; none in recovery.</param>
    /// <param name="log">Takes a line for what stays. Nothing waits for it to go.</param>
    public static void Remove(IVolume volume, SlotId? running, Action<string> log)
    {
        foreach (var directory in (string[])["boot", NotifySocket.Folder, "log", SlotPaths.Slot(SlotId.Zero), SlotPaths.Slot(SlotId.One)])
        {
            Remove(volume, directory, name => VolumeTrees.IsReplacement(name) || (directory == NotifySocket.Folder && NotifySocket.IsName(name)), log);
        }
        if (running is { } slot)
        {
            Remove(volume, SlotPaths.Temporary(slot), _ => true, log);
            // Beside what the boot loader itself replaces there; every other name is the firmware's own.
            Remove(
                volume, SlotPaths.Files(slot),
                name => MergePlanner.UserFiles.Any(file => name == VolumeTrees.ReplacementOf(file)), log);
        }
    }

    private static void Remove(IVolume volume, string directory, Func<string, bool> isLeft, Action<string> log)
    {
        try
        {
            if (volume.Find(directory) is { Kind: EntryKind.Directory })
            {
                foreach (var entry in volume.List(directory).Where(entry => isLeft(entry.Name)))
                {
                    volume.RemoveTree($"{directory}/{entry.Name}");
                }
            }
        }
        catch (StorageException fault)
        {
            log($"{directory}: leftovers stay: {fault.Message}");
        }
    }
}
