using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>The durable facts about one slot.</summary>
/// <param name="State">What may be done with the slot.</param>
/// <param name="Version">Version (at most 64 UTF-8 bytes) and build id (at most 128) of its manifest.</param>
/// <param name="Image">SHA-256 of the image file.</param>
/// <param name="ImageBytes">Length of the image file, 0 or more.</param>
/// <param name="CommitCount">How many commits this device had seen when this slot was committed; 0 before.</param>
/// <param name="Bundle">Which bundle it came from; none when that is not known.</param>
public sealed record SlotRecord(
    SlotState State, FirmwareVersion Version, Digest Image, long ImageBytes, uint CommitCount, BundleMark Bundle = default)
{
    public static readonly SlotRecord Empty = new(SlotState.Empty, FirmwareVersion.None, default, 0, 0);

    /// <summary>Whether the record allows the slot to be started at all.</summary>
    public bool MayStart => State is SlotState.Written or SlotState.Trial or SlotState.Committed;
}
