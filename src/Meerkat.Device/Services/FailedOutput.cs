using System.Text;
using Meerkat.Boot;
using Meerkat.Storage;

namespace Meerkat.Device.Services;

/// <summary>The end of what the firmware printed that was last given up.</summary>
internal static class FailedOutput
{
    private const int ShownBytes = 4096;

    /// <summary>Nothing when none was kept.</summary>
    public static string? Read(IVolume volume, bool full)
    {
        try
        {
            if (volume.ReadSmall(SlotOutput.FailedPath, SlotOutput.KeptBytes) is not { Length: > 0 } kept)
            {
                return null;
            }
            var shown = full || kept.Length <= ShownBytes ? kept.AsSpan() : kept.AsSpan(kept.Length - ShownBytes);
            // A cut in the middle of a character would show as a broken one.
            while (shown.Length > 0 && (shown[0] & 0xC0) == 0x80)
            {
                shown = shown[1..];
            }
            return Encoding.UTF8.GetString(shown);
        }
        catch (StorageException fault)
        {
            return $"({fault.Message})";
        }
    }
}
