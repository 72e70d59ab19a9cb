using System.Text;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>What the firmware of a slot printed, and the end of it that is kept when the slot is given up.</summary>
public static class SlotOutput
{
    public const string FailedPath = "log/failed-output.txt";
    public const int KeptBytes = 64 * 1024;

    private const int FileMode = 0x1A4;

    public static string Path(SlotId slot) => slot == SlotId.Zero ? "log/slot-0.log" : "log/slot-1.log";

    /// <summary>Where a full log is moved to.</summary>
    public static string OlderPath(SlotId slot) => LogFiles.Older(Path(slot));

    /// <summary>
    /// Keeps the last 64 KiB. Only a help for people: a fault here must not stop a fall back. On a medium that the firmware filled
    /// they are written over what was kept before, into the space that was set aside for them.
    /// </summary>
    public static void KeepLast(IVolume volume, SlotId slot)
    {
        try
        {
            var last = ReadLast(volume, slot);
            try
            {
                volume.Replace(FailedPath, last, FileMode);
            }
            catch (StorageException)
            {
                KeepInPlace(volume, last);
            }
        }
        catch (StorageException)
        {
            volume.TryRemove(FailedPath);
        }
        Reserve(volume);
    }

    /// <summary>The last line of a log, without the name that the program puts before it; empty when there is none.</summary>
    public static string LastLine(IVolume volume, string path)
    {
        try
        {
            var line = Encoding.UTF8.GetString(ReadEnd(volume, path)).TrimEnd().Split('\n')[^1].Trim();
            var words = line.IndexOf("Error: ", StringComparison.Ordinal);
            return words < 0 ? line : line[(words + "Error: ".Length)..];
        }
        catch (StorageException)
        {
            return "";
        }
    }

    /// <summary>Begins anew, so that a trial's output is its own, with space set aside to keep the end of it.</summary>
    public static void Clear(IVolume volume, SlotId slot)
    {
        volume.TryRemove(Path(slot));
        volume.TryRemove(OlderPath(slot));
        Reserve(volume);
    }

    private static void Reserve(IVolume volume)
    {
        try
        {
            using var file = OpenKept(volume);
            file.Reserve(KeptBytes);
        }
        catch (StorageException)
        {
            // On a medium that is full or read-only already; then the reason is all there is, which has its place in the boot record.
        }
    }

    private static void KeepInPlace(IVolume volume, byte[] last)
    {
        using var file = OpenKept(volume);
        file.Write(last, 0);
        file.Truncate(last.Length);
        file.Flush();
    }

    private static IVolumeFile OpenKept(IVolume volume) => volume.Find(FailedPath) is { Kind: EntryKind.File }
        ? volume.OpenWrite(FailedPath)
        : volume.Create(FailedPath, FileMode);

    private static byte[] ReadLast(IVolume volume, SlotId slot)
    {
        byte[] all = [.. ReadEnd(volume, OlderPath(slot)), .. ReadEnd(volume, Path(slot))];
        return all.Length <= KeptBytes ? all : all[^KeptBytes..];
    }

    private static byte[] ReadEnd(IVolume volume, string path)
    {
        if (volume.Find(path) is not { Kind: EntryKind.File } entry)
        {
            return [];
        }
        using var file = volume.OpenRead(path);
        var start = Math.Max(0, entry.Bytes - KeptBytes);
        var bytes = new byte[(int)(entry.Bytes - start)];
        var length = 0;
        while (length < bytes.Length && file.Read(bytes.AsSpan(length), start + length) is > 0 and var count)
        {
            length += count;
        }
        return bytes[..length];
    }
}
