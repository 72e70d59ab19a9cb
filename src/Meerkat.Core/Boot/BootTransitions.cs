using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>Every change that the boot record ever sees, as pure functions from one record to the next.</summary>
public static class BootTransitions
{
    /// <summary>How often a merge is tried before the trial is given up.</summary>
    public const byte MergeAttempts = 3;

    /// <summary>The record of a new device: slot 0 holds the factory firmware, committed.</summary>
    public static BootRecord Factory(SlotRecord firmware) => new()
    {
        Sequence = 1,
        Active = SlotId.Zero,
        Fallback = null,
        Committed = true,
        Slot0 = firmware with { State = SlotState.Committed, CommitCount = 1 },
        Slot1 = SlotRecord.Empty,
    };

    /// <summary>Step 2 of an update: from here on nothing can start what is (half) in the slot.</summary>
    public static BootRecord Invalidate(this BootRecord record, SlotId slot) =>
        record.Next().With(slot, SlotRecord.Empty) with
        {
            Fallback = record.Fallback == slot ? null : record.Fallback,
            CommitTimeoutSeconds = record.Held == slot ? 0 : record.CommitTimeoutSeconds,
            ActivatesItself = false,
        };

    /// <summary>Instead of step 5: the update is installed, and nothing starts it until it is activated.</summary>
    public static BootRecord Hold(
        this BootRecord record, SlotId target, SlotRecord installed, int commitTimeoutSeconds, bool activatesItself) =>
        record.Next().With(target, installed with { State = SlotState.Written, CommitCount = 0 }) with
        {
            CommitTimeoutSeconds = commitTimeoutSeconds,
            ActivatesItself = activatesItself,
        };

    /// <summary>The other slot holds a verified copy of the running one, and stands ready to take over from it.</summary>
    /// <param name="record">The record before, committed.</param>
    /// <param name="copy">The slot with the copy.</param>
    /// <param name="trial">Also puts the running firmware on trial, from the next boot on (specification 3.8).</param>
    /// <param name="commitTimeoutSeconds">Of that trial, 0 to 604800.</param>
    public static BootRecord KeepSnapshot(this BootRecord record, SlotId copy, bool trial, int commitTimeoutSeconds)
    {
        // What goes on running counts as the newer one, should the record ever be lost.
        var running = record[copy.Other];
        var kept = record.Next().With(copy, running).With(copy.Other, running with { CommitCount = running.CommitCount + 1 }) with
        {
            Fallback = copy,
        };
        return trial ? kept.OnTrial(commitTimeoutSeconds) : kept;
    }

    /// <summary>Sets by hand what the next boot does. Whether that may be is for the caller to have checked.</summary>
    public static BootRecord Set(
        this BootRecord record, SlotId active, SlotId? fallback, bool committed, int commitTimeoutSeconds)
    {
        var settled = record.Settle(active) with { Fallback = fallback, CommitTimeoutSeconds = commitTimeoutSeconds };
        return committed ? settled : settled.OnTrial(commitTimeoutSeconds);
    }

    /// <summary>One attempt, without a merge: both file systems are what they are.</summary>
    private static BootRecord OnTrial(this BootRecord record, int commitTimeoutSeconds) => record with
    {
        Committed = false,
        CommitTimeoutSeconds = commitTimeoutSeconds,
        TrialAttempts = 1,
        TrialStarts = 0,
        MergeAttempts = 0,
        MergePending = false,
        TrialBootId = Guid.Empty,
    };

    /// <summary>Step 5: the next boot tries <paramref name="target"/>.</summary>
    /// <param name="record">The record before.</param>
    /// <param name="target">The slot just installed.</param>
    /// <param name="installed">Its digests and version.</param>
    /// <param name="running">The slot that runs now and is gone back to; none in recovery.</param>
    /// <param name="commitTimeoutSeconds">0 to 604800.</param>
    /// <param name="trialAttempts">How many first boots the trial gets, at least 1.</param>
    /// <param name="merge">Whether the old file system is merged into the new one.</param>
    public static BootRecord Arm(
        this BootRecord record,
        SlotId target,
        SlotRecord installed,
        SlotId? running,
        int commitTimeoutSeconds,
        byte trialAttempts,
        bool merge) =>
        record.Next().With(target, installed with { State = SlotState.Written, CommitCount = 0 }) with
        {
            Active = target,
            Fallback = running,
            Committed = false,
            CommitTimeoutSeconds = commitTimeoutSeconds,
            TrialAttempts = trialAttempts,
            TrialStarts = 0,
            MergeAttempts = merge ? MergeAttempts : (byte)0,
            MergePending = merge,
            TrialBootId = Guid.Empty,
            ActivatesItself = false,
        };

    /// <summary>
    /// Takes an armed or held update back: the running slot stays, the target is empty. A slot that was committed once, and was only to
    /// be started again, stays as the fallback.
    /// </summary>
    public static BootRecord Cancel(this BootRecord record, SlotId running)
    {
        var other = running.Other;
        return record[other].State == SlotState.Committed
            ? record.Settle(running) with { Fallback = other }
            : record.Settle(running).With(other, SlotRecord.Empty) with { Fallback = null };
    }

    /// <summary>Takes back a trial that was set by hand and has not begun: the slot was committed, and is again.</summary>
    public static BootRecord CancelTrial(this BootRecord record) => record.Settle(record.Active) with { Fallback = record.Fallback };

    /// <summary>Step 8: a merge attempt is counted before it starts.</summary>
    public static BootRecord CountMergeAttempt(this BootRecord record) =>
        record.Next() with { MergeAttempts = (byte)(record.MergeAttempts - 1) };

    /// <summary>Step 9: the attempt is charged and the merge done, before the firmware starts.</summary>
    public static BootRecord StartTrial(this BootRecord record, Guid kernelBootId) =>
        record.Next().With(record.Active, record[record.Active] with { State = SlotState.Trial }) with
        {
            TrialAttempts = (byte)(record.TrialAttempts - 1),
            TrialStarts = (byte)Math.Min(record.TrialStarts + 1, byte.MaxValue),
            MergePending = false,
            MergeAttempts = 0,
            TrialBootId = kernelBootId,
        };

    /// <summary>Step 10: the active slot is good, for ever. The old slot stays as the fallback for a rotten image.</summary>
    public static BootRecord Commit(this BootRecord record)
    {
        var count = uint.Max(record.Slot0.CommitCount, record.Slot1.CommitCount) + 1;
        var active = record[record.Active] with { State = SlotState.Committed, CommitCount = count };
        return record.Settle(record.Active).With(record.Active, active) with
        {
            Fallback = record.Fallback,
            Failures = record.Failures.Without(active.Bundle),
        };
    }

    /// <summary>
    /// The fallback slot takes over, committed; the failed slot never starts again. A slot that never was committed speaks against its
    /// bundle.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fallback.</exception>
    public static BootRecord FallBack(this BootRecord record, BootOutcome reason)
    {
        var fallback = record.Fallback
            ?? throw new InvalidOperationException("there is no slot to fall back to");
        var failed = record[record.Active] with { State = SlotState.Failed };
        return record.Settle(fallback).With(record.Active, failed) with
        {
            Fallback = null,
            LastOutcome = reason,
            Failures = failed.CommitCount == 0 ? record.Failures.With(failed.Bundle, reason.Code) : record.Failures,
        };
    }

    private static BootRecord Settle(this BootRecord record, SlotId active) => record.Next() with
    {
        Active = active,
        Committed = true,
        CommitTimeoutSeconds = 0,
        TrialAttempts = 0,
        TrialStarts = 0,
        MergeAttempts = 0,
        MergePending = false,
        TrialBootId = Guid.Empty,
        ActivatesItself = false,
    };

    private static BootRecord Next(this BootRecord record) => record with { Sequence = record.Sequence + 1 };
}
