using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>What the agent may ask of the boot loader, the only writer of the boot record.</summary>
/// <param name="Sequence">The record's sequence on which the asker decided; refused when it has moved. Null: whatever it is.</param>
public abstract record BootRequest(ulong? Sequence)
{
    /// <summary>Step 2 of an update. <paramref name="RunningIntact"/>: the image of the running slot has its digest.</summary>
    public sealed record Invalidate(ulong? Sequence, SlotId Slot, bool RunningIntact) : BootRequest(Sequence);

    /// <summary>Step 5 of an update.</summary>
    public sealed record Arm(ulong? Sequence, SlotId Slot, SlotRecord Installed, int CommitTimeoutSeconds)
        : BootRequest(Sequence);

    /// <summary>In place of arming: the update stays where it is until it is activated.</summary>
    /// <param name="Sequence">As for all.</param>
    /// <param name="Slot">The slot that was written.</param>
    /// <param name="Installed">What is in it.</param>
    /// <param name="CommitTimeoutSeconds">Of its trial, 0 to 604800.</param>
    /// <param name="ActivatesItself">It waits for the gate alone.</param>
    public sealed record Hold(
        ulong? Sequence, SlotId Slot, SlotRecord Installed, int CommitTimeoutSeconds, bool ActivatesItself) : BootRequest(Sequence);

    /// <summary>Arms the update that is held. No commit timeout: the one it was installed with.</summary>
    public sealed record Activate(ulong? Sequence, int? CommitTimeoutSeconds) : BootRequest(Sequence);

    /// <summary>The other slot, invalidated before, holds a verified copy of the running one.</summary>
    /// <param name="Sequence">As for all.</param>
    /// <param name="Slot">The slot with the copy.</param>
    /// <param name="Trial">The running firmware goes on trial at the next boot.</param>
    /// <param name="CommitTimeoutSeconds">Of that trial, 0 to 604800.</param>
    public sealed record KeepSnapshot(ulong? Sequence, SlotId Slot, bool Trial, int CommitTimeoutSeconds) : BootRequest(Sequence);

    /// <summary>Sets by hand what the next boot does.</summary>
    /// <param name="Sequence">As for all.</param>
    /// <param name="Change">What is to be set.</param>
    /// <param name="Unbootable">What is wrong with a slot that <paramref name="Change"/> names, in words; empty when nothing is.</param>
    public sealed record SetState(ulong? Sequence, BootStateChange Change, string Unbootable) : BootRequest(Sequence);

    public sealed record Commit(ulong? Sequence) : BootRequest(Sequence);

    /// <summary>What the agent found of the health contract.</summary>
    /// <param name="Sequence">As for all.</param>
    /// <param name="Problem">What does not hold, in words; empty when all of it does.</param>
    /// <param name="Final">It cannot hold any more: the trial is given up at once.</param>
    public sealed record Health(ulong? Sequence, string Problem, bool Final) : BootRequest(Sequence);

    public sealed record Revert(ulong? Sequence) : BootRequest(Sequence);

    /// <summary>Starts the boot sequence again. <paramref name="Force"/>: also when that ends a trial.</summary>
    public sealed record Restart(ulong? Sequence, bool Force) : BootRequest(Sequence);
}
