using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Boot;

public sealed class BootTransitionsTests
{
    private static readonly BootOutcome Reason = Records.Outcome(OutcomeCode.NoCommit, 300);

    /// <summary>Each transition: the record before, the record after, and what must be true of it.</summary>
    private static readonly Dictionary<string, (BootRecord Before, BootRecord After, string Expected)> Rows = new()
    {
        ["factory"] = (Records.Factory with { Sequence = 0 }, Records.Factory,
            "active 0 committed, fallback none; 0 committed 1, 1 empty 0; timeout 0, trials 0, merges 0"),
        ["invalidate"] = (Records.Factory, Records.Factory.Invalidate(SlotId.One),
            "active 0 committed, fallback none; 0 committed 1, 1 empty 0; timeout 0, trials 0, merges 0"),
        ["invalidate the fallback"] = (Records.Committed, Records.Committed.Invalidate(SlotId.Zero),
            "active 1 committed, fallback none; 0 empty 0, 1 committed 2; timeout 0, trials 0, merges 0"),
        ["arm"] = (Records.Factory.Invalidate(SlotId.One), Records.Armed(),
            "active 1 uncommitted, fallback 0; 0 committed 1, 1 written 0; timeout 300, trials 1, merges 3 pending"),
        ["arm without a merge"] = (Records.Factory,
            Records.Factory.Arm(SlotId.One, Records.Slot("2"), SlotId.Zero, 0, 2, merge: false),
            "active 1 uncommitted, fallback 0; 0 committed 1, 1 written 0; timeout 0, trials 2, merges 0"),
        ["arm in recovery"] = (Records.Factory, Records.Factory.Arm(SlotId.One, Records.Slot("2"), null, 9, 1, merge: true),
            "active 1 uncommitted, fallback none; 0 committed 1, 1 written 0; timeout 9, trials 1, merges 3 pending"),
        ["hold"] = (Records.Factory.Invalidate(SlotId.One), Records.Held,
            "active 0 committed, fallback none; 0 committed 1, 1 written 0; timeout 60, trials 0, merges 0"),
        ["invalidate what is held"] = (Records.Held, Records.Held.Invalidate(SlotId.One),
            "active 0 committed, fallback none; 0 committed 1, 1 empty 0; timeout 0, trials 0, merges 0"),
        ["keep a snapshot"] = (Records.Committed.Invalidate(SlotId.Zero), Records.Committed.Invalidate(SlotId.Zero).KeepSnapshot(SlotId.Zero, false, 7),
            "active 1 committed, fallback 0; 0 committed 2, 1 committed 3; timeout 0, trials 0, merges 0"),
        ["keep a snapshot to go back to"] = (
            Records.Committed.Invalidate(SlotId.Zero), Records.Committed.Invalidate(SlotId.Zero).KeepSnapshot(SlotId.Zero, true, 7),
            "active 1 uncommitted, fallback 0; 0 committed 2, 1 committed 3; timeout 7, trials 1, merges 0"),
        ["set the other slot active"] = (Records.Committed, Records.Committed.Set(SlotId.Zero, SlotId.One, true, 0),
            "active 0 committed, fallback 1; 0 committed 1, 1 committed 2; timeout 0, trials 0, merges 0"),
        ["set the active slot on trial"] = (Records.Committed, Records.Committed.Set(SlotId.One, SlotId.Zero, false, 30),
            "active 1 uncommitted, fallback 0; 0 committed 1, 1 committed 2; timeout 30, trials 1, merges 0"),
        ["cancel a trial that was set"] = (
            Records.Committed.Set(SlotId.One, SlotId.Zero, false, 30), Records.Committed.Set(SlotId.One, SlotId.Zero, false, 30).CancelTrial(),
            "active 1 committed, fallback 0; 0 committed 1, 1 committed 2; timeout 0, trials 0, merges 0"),
        ["cancel what was set"] = (
            Records.Committed.Set(SlotId.Zero, SlotId.One, true, 0), Records.Committed.Set(SlotId.Zero, SlotId.One, true, 0).Cancel(SlotId.One),
            "active 1 committed, fallback 0; 0 committed 1, 1 committed 2; timeout 0, trials 0, merges 0"),
        ["cancel"] = (Records.Armed(), Records.Armed().Cancel(SlotId.Zero),
            "active 0 committed, fallback none; 0 committed 1, 1 empty 0; timeout 0, trials 0, merges 0"),
        ["count a merge"] = (Records.Armed(), Records.Armed().CountMergeAttempt(),
            "active 1 uncommitted, fallback 0; 0 committed 1, 1 written 0; timeout 300, trials 1, merges 2 pending"),
        ["start the trial"] = (Records.Armed(), Records.Trial(),
            "active 1 uncommitted, fallback 0; 0 committed 1, 1 trial 0; timeout 300, trials 0, merges 0"),
        ["commit"] = (Records.Trial(), Records.Committed,
            "active 1 committed, fallback 0; 0 committed 1, 1 committed 2; timeout 0, trials 0, merges 0"),
        ["fall back"] = (Records.Trial(), Records.Trial().FallBack(Reason),
            "active 0 committed, fallback none; 0 committed 1, 1 failed 0; timeout 0, trials 0, merges 0"),
        ["fall back before the merge"] = (Records.Armed(), Records.Armed().FallBack(Reason),
            "active 0 committed, fallback none; 0 committed 1, 1 failed 0; timeout 0, trials 0, merges 0"),
        ["fall back of a committed slot"] = (Records.Committed, Records.Committed.FallBack(Reason),
            "active 0 committed, fallback none; 0 committed 1, 1 failed 2; timeout 0, trials 0, merges 0"),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Transition_GivesTheRowsRecord(string name) => Assert.Equal(Rows[name].Expected, Words(Rows[name].After));

    [Theory]
    [MemberData(nameof(Names))]
    public void Transition_CountsOneWrite(string name) =>
        Assert.Equal(Rows[name].Before.Sequence + 1, Rows[name].After.Sequence);

    [Theory]
    [MemberData(nameof(Names))]
    public void Transition_NeverMakesTheFallbackTheActiveSlot(string name) =>
        Assert.NotEqual(Rows[name].After.Active, Rows[name].After.Fallback);

    [Theory]
    [MemberData(nameof(Names))]
    public void TransitionToCommitted_HasNothingPending(string name)
    {
        var after = Rows[name].After;
        Assert.True(!after.Committed || after is { MergePending: false, TrialAttempts: 0 });
        Assert.True(!after.Committed || after.Held is not null || after is { CommitTimeoutSeconds: 0, ActivatesItself: false });
    }

    [Fact]
    public void Trial_RemembersTheKernelsBoot() => Assert.Equal(Records.KernelBoot, Records.Trial().TrialBootId);

    [Fact]
    public void FallBack_KeepsTheReason() => Assert.Equal(Reason, Records.Trial().FallBack(Reason).LastOutcome);

    [Fact]
    public void NextUpdate_KeepsTheReasonOfTheLast() => Assert.Equal(
        Reason, Records.Trial().FallBack(Reason).Invalidate(SlotId.One).LastOutcome);

    [Fact]
    public void Trial_CountsItsStarts()
    {
        var armed = Records.Armed(attempts: 3);
        var twice = armed.StartTrial(Records.KernelBoot).StartTrial(Records.KernelBoot);
        Assert.Equal((0, 1, 2, 1), (armed.TrialStarts, Records.Trial().TrialStarts, twice.TrialStarts, twice.TrialAttempts));
        Assert.Equal(
            [0, 0, 0, 0],
            ((BootRecord[])[twice.Commit(), twice.FallBack(Reason), twice.Cancel(SlotId.Zero), twice.Set(SlotId.Zero, null, false, 0)])
                .Select(record => (int)record.TrialStarts));
    }

    [Fact]
    public void FallBack_CountsTheFailureInTheSameRecord()
    {
        var once = Records.Trial().FallBack(Reason);
        Assert.Equal([new FailedTrial(Records.MarkOf("1.1.0"), 1, OutcomeCode.NoCommit)], once.Failures.Entries);
        var twice = Again(once).FallBack(Records.Outcome(OutcomeCode.Exited, 7));
        Assert.Equal([new FailedTrial(Records.MarkOf("1.1.0"), 2, OutcomeCode.Exited)], twice.Failures.Entries);
        Assert.Equal(FailedTrials.None, Again(twice).Commit().Failures);
    }

    [Theory]
    [InlineData(OutcomeCode.Reverted)]
    [InlineData(OutcomeCode.RestartForced)]
    [InlineData(OutcomeCode.RecordNotWritable)]
    public void FallBackThatIsNotTheBundlesFault_IsNotCounted(OutcomeCode code) =>
        Assert.Equal(FailedTrials.None, Records.Trial().FallBack(Records.Outcome(code)).Failures);

    [Fact]
    public void LossOfPower_IsCountedByItself() => Assert.Equal(
        [new FailedTrial(Records.MarkOf("1.1.0"), 0, OutcomeCode.None, 1)],
        Records.Trial().FallBack(Records.Outcome(OutcomeCode.PowerLost)).Failures.Entries);

    [Fact]
    public void SlotThatWasCommittedOnce_IsNotHeldAgainstItsBundle()
    {
        Assert.Equal(FailedTrials.None, Records.Committed.FallBack(Records.Outcome(OutcomeCode.TooManyCrashes, 5)).Failures);
        Assert.Equal(
            FailedTrials.None,
            Records.Committed.Set(SlotId.One, SlotId.Zero, false, 30).StartTrial(Records.KernelBoot).FallBack(Reason).Failures);
    }

    [Fact]
    public void OtherBundle_KeepsTheFailuresOfTheFirst() => Assert.Equal(
        Records.Trial().FallBack(Reason).Failures,
        Records.Trial().FallBack(Reason).Invalidate(SlotId.One)
            .Arm(SlotId.One, Records.Slot("1.2.0"), SlotId.Zero, 5, 1, merge: true).StartTrial(Records.KernelBoot).Commit().Failures);

    private static BootRecord Again(BootRecord record) => record.Invalidate(SlotId.One)
        .Arm(SlotId.One, Records.Slot("1.1.0"), SlotId.Zero, 5, 1, merge: true).StartTrial(Records.KernelBoot);

    [Fact]
    public void FallBackToNothing_Throws() => Assert.Throws<InvalidOperationException>(() => Records.Factory.FallBack(Reason));

    [Fact]
    public void MoreTrialsThanAttempts_Throw() => Assert.Throws<OverflowException>(() => Records.Trial().StartTrial(Guid.Empty));

    private static string Words(BootRecord record)
    {
        string Slot(SlotId slot) => $"{slot} {record[slot].State.ToString().ToLowerInvariant()} {record[slot].CommitCount}";
        return $"active {record.Active} {(record.Committed ? "committed" : "uncommitted")}, "
            + $"fallback {record.Fallback?.ToString() ?? "none"}; {Slot(SlotId.Zero)}, {Slot(SlotId.One)}; "
            + $"timeout {record.CommitTimeoutSeconds}, trials {record.TrialAttempts}, "
            + $"merges {record.MergeAttempts}{(record.MergePending ? " pending" : "")}";
    }
}
