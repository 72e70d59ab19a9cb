using System.Security.Cryptography;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Storage;

/// <summary>The two slots of a device on a volume.</summary>
public sealed class SlotStore(IVolume volume)
{
    private const int DirectoryMode = 0x1ED;
    private const int ImageMode = 0x1ED;
    private const int FileMode = 0x1A4;
    private const int PrivateMode = 0x1C0;
    private const int MostSealBytes = 4096;
    private const int MostManifestBytes = 1 << 20;

    /// <summary>Below what the runtime keeps in a heap of its own for large objects: the boot loader has none.</summary>
    private const int BlockBytes = 64 * 1024;

    public IVolume Volume => volume;

    /// <summary>Removes all that is in a slot. The boot record must say that it is empty or failed.</summary>
    public void Remove(SlotId slot)
    {
        // The seal goes first: without it nothing takes the rest for a complete slot.
        if (volume.Find(SlotPaths.Seal(slot)) is not null)
        {
            volume.Remove(SlotPaths.Seal(slot));
            volume.FlushDirectory(SlotPaths.Slot(slot));
        }
        volume.RemoveTree(SlotPaths.Slot(slot));
        volume.FlushDirectory(SlotPaths.All);
    }

    /// <summary>Begins a slot anew: a fresh, empty file system, owned by the user that the firmware runs as.</summary>
    public void Begin(SlotId slot, uint user, uint group)
    {
        Remove(slot);
        volume.CreateDirectory(SlotPaths.Slot(slot), PrivateMode);
        volume.CreateDirectory(SlotPaths.Temporary(slot), PrivateMode);
        volume.CreateDirectory(SlotPaths.Files(slot), DirectoryMode);
        volume.SetAttributes(SlotPaths.Files(slot), volume.Find(SlotPaths.Files(slot))!.Value.Attributes with
        {
            User = user,
            Group = group,
        });
        volume.FlushDirectory(SlotPaths.All);
    }

    /// <summary>
    /// Opens one slot to the firmware's user and closes the other: both file systems belong to that user, and a firmware
    /// must not reach the one that it is gone back from.
    /// </summary>
    public void OpenOnly(SlotId running)
    {
        SetMode(SlotPaths.Slot(running), DirectoryMode);
        SetMode(SlotPaths.Slot(running.Other), PrivateMode);
    }

    public IVolumeFile CreateImage(SlotId slot) => volume.Create(SlotPaths.Image(slot), ImageMode);

    /// <summary>Ends an installation: the manifest, then all names, then (durable and last) the seal.</summary>
    public void Complete(SlotId slot, ReadOnlySpan<byte> manifest, Seal seal)
    {
        volume.Replace(SlotPaths.Manifest(slot), manifest, FileMode);
        volume.FlushDirectory(SlotPaths.Slot(slot));
        volume.Replace(SlotPaths.Seal(slot), SealCodec.Encode(seal), FileMode);
    }

    /// <summary>Nothing when there is no intact seal.</summary>
    public Seal? ReadSeal(SlotId slot)
    {
        try
        {
            return SealCodec.Decode(Tries.Of(() => volume.ReadSmall(SlotPaths.Seal(slot), MostSealBytes)));
        }
        catch (StorageException)
        {
            return null;
        }
    }

    public byte[]? ReadManifest(SlotId slot) => volume.ReadSmall(SlotPaths.Manifest(slot), MostManifestBytes);

    /// <summary>Marks the seal as the record does. Repeated at the next boot when a cut came between the two.</summary>
    public void MarkCommitted(SlotId slot, uint commitCount)
    {
        if (ReadSeal(slot) is { } seal && seal.CommitCount != commitCount)
        {
            volume.Replace(SlotPaths.Seal(slot), SealCodec.Encode(seal with { CommitCount = commitCount }), FileMode);
        }
    }

    /// <summary>Whether a slot can be started, and in words why not.</summary>
    public (SlotHealth Health, string Problem) Check(SlotId slot, SlotRecord record)
    {
        if (!record.MayStart)
        {
            return (SlotHealth.Broken, $"the record says slot {slot} is {record.State.ToString().ToLowerInvariant()}");
        }
        try
        {
            if (ReadSeal(slot) is not { } seal || seal.Image != record.Image)
            {
                return (SlotHealth.Broken, $"{SlotPaths.Seal(slot)} is missing, damaged or of another image");
            }
            if (Tries.Of(() => volume.Find(SlotPaths.Files(slot))) is not { Kind: EntryKind.Directory })
            {
                return (SlotHealth.Broken, $"{SlotPaths.Files(slot)} is missing");
            }
            var problem = Tries.Of(() => CheckImage(slot, record.Image, record.ImageBytes));
            return (problem.Length == 0 ? SlotHealth.Bootable : SlotHealth.Broken, problem);
        }
        catch (StorageException fault)
        {
            return (SlotHealth.Broken, fault.Message);
        }
    }

    /// <summary>Compares the image with its digest; what is wrong in words, empty when nothing is.</summary>
    public string CheckImage(SlotId slot, Digest expected, long expectedBytes)
    {
        var path = SlotPaths.Image(slot);
        if (volume.Find(path) is not { Kind: EntryKind.File } entry)
        {
            return $"{path} is missing";
        }
        if (entry.Bytes != expectedBytes)
        {
            return $"{path} should have {expectedBytes} bytes and has {entry.Bytes}";
        }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = volume.OpenRead(path);
        var block = new byte[BlockBytes];
        for (long offset = 0; file.Read(block, offset) is > 0 and var count; offset += count)
        {
            hash.AppendData(block, 0, count);
        }
        var found = new Digest(hash.GetHashAndReset());
        return found == expected ? "" : $"{path} should have SHA-256 {expected} and has {found}";
    }

    private void SetMode(string path, int mode)
    {
        if (volume.Find(path) is { Kind: EntryKind.Directory } entry && entry.Attributes.Mode != mode)
        {
            volume.SetAttributes(path, entry.Attributes with { Mode = mode });
        }
    }
}
