using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>The durable facts that decide the next boot. Stored in two copies; see <see cref="BootRecordCodec"/>.</summary>
public sealed record BootRecord
{
    /// <summary>Grows by one with every write; the valid copy with the higher one counts.</summary>
    public required ulong Sequence { get; init; }

    /// <summary>The slot the next boot uses.</summary>
    public required SlotId Active { get; init; }

    /// <summary>The slot a failed trial (or a rotten image) goes back to; none when there is nothing there.</summary>
    public required SlotId? Fallback { get; init; }

    /// <summary>Whether the active slot is marked good.</summary>
    public required bool Committed { get; init; }

    public required SlotRecord Slot0 { get; init; }

    public required SlotRecord Slot1 { get; init; }

    /// <summary>
    /// Seconds from the start of the firmware to the commit, 0 to 604800; 0: commits by itself when ready. Of the trial that runs or is
    /// armed, or of the update that is held.
    /// </summary>
    public int CommitTimeoutSeconds { get; init; }

    /// <summary>The update that is held waits for the gate alone, and is activated when that lets it.</summary>
    public bool ActivatesItself { get; init; }

    /// <summary>How many more times the uncommitted slot may be started.</summary>
    public byte TrialAttempts { get; init; }

    /// <summary>How many times the uncommitted slot has been started, 0 to 255; 0 when it is committed.</summary>
    public byte TrialStarts { get; init; }

    /// <summary>How many more times the merge may be tried.</summary>
    public byte MergeAttempts { get; init; }

    /// <summary>Whether the old file system must be merged into the new one before the firmware starts.</summary>
    public bool MergePending { get; init; }

    /// <summary>The kernel's boot id when the trial was started: tells a lost boot loader from lost power.</summary>
    public Guid TrialBootId { get; init; }

    /// <summary>Why a slot was last left; none on a device that never fell back.</summary>
    public BootOutcome? LastOutcome { get; init; }

    /// <summary>The bundles that failed their trials here.</summary>
    public FailedTrials Failures { get; init; } = FailedTrials.None;

    /// <summary>The slot with an update that is installed and not armed; none when there is none.</summary>
    public SlotId? Held => Committed && this[Active.Other].State == SlotState.Written ? Active.Other : null;

    public SlotRecord this[SlotId slot] => slot == SlotId.Zero ? Slot0 : Slot1;

    public BootRecord With(SlotId slot, SlotRecord facts) =>
        slot == SlotId.Zero ? this with { Slot0 = facts } : this with { Slot1 = facts };
}
