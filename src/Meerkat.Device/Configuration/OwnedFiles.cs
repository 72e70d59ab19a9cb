using Meerkat.Boot.Posix;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Device.Configuration;

/// <summary>
/// Replaces files of a slot in one durable step, as the firmware's own. The new content is made beside the file system, where the
/// firmware cannot reach it, and only then renamed into it.
/// </summary>
public sealed class OwnedFiles(IVolume volume, SlotId slot, UserId owner)
{
    private const int PlainMode = 0x1A4;
    private const int PrivateMode = 0x1C0;

    private readonly Lock gate = new();

    /// <param name="path">Below the slot's <c>fs</c>.</param>
    /// <param name="contents">All of it.</param>
    /// <exception cref="StorageException">The old file is still there.</exception>
    public void Replace(string path, ReadOnlySpan<byte> contents)
    {
        lock (gate)
        {
            var target = $"{SlotPaths.Files(slot)}/{path}";
            var mode = volume.Find(target) is { Kind: EntryKind.File } old ? old.Attributes.Mode : PlainMode;
            volume.EnsureDirectory(SlotPaths.Temporary(slot), PrivateMode);
            var temporary = SlotPaths.Temporary(slot) + "/put";
            volume.RemoveIfThere(temporary);
            try
            {
                using (var file = volume.Create(temporary, mode))
                {
                    file.Write(contents, 0);
                    Own(temporary, mode);
                    file.Flush();
                }
                volume.Rename(temporary, target);
            }
            catch (StorageException)
            {
                volume.TryRemove(temporary);
                throw;
            }
            volume.FlushDirectory(VolumeTrees.Parent(target));
        }
    }

    /// <summary>Removes a file that may be there.</summary>
    /// <exception cref="StorageException">It is still there.</exception>
    public void Remove(string path)
    {
        lock (gate)
        {
            var target = $"{SlotPaths.Files(slot)}/{path}";
            if (volume.Find(target) is not null)
            {
                volume.Remove(target);
                volume.FlushDirectory(VolumeTrees.Parent(target));
            }
        }
    }

    /// <summary>Makes an empty file; refused when something is there.</summary>
    public void Create(string path)
    {
        var target = $"{SlotPaths.Files(slot)}/{path}";
        volume.Create(target, PlainMode).Dispose();
        Own(target, PlainMode);
        volume.FlushDirectory(VolumeTrees.Parent(target));
    }

    private void Own(string path, int mode) => volume.SetAttributes(path, volume.Find(path)!.Value.Attributes with
    {
        User = owner.User,
        Group = owner.Group,
        Mode = mode,
    });
}
