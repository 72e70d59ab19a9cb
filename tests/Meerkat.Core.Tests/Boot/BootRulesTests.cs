using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Boot;

public sealed class BootRulesTests
{
    private static readonly BootFacts[] Product =
    [
        .. from commitment in new[] { Commitment.Committed, Commitment.Uncommitted }
           from trial in new[] { Trial.AttemptsLeft, Trial.Exhausted, Trial.Stopped }
           from active in new[] { SlotHealth.Bootable, SlotHealth.Broken }
           from fallback in new[] { SlotHealth.Bootable, SlotHealth.Broken }
           select new BootFacts(commitment, trial, active, fallback),
    ];

    [Fact]
    public void BrokenSlot_IsNeverStarted() => Always((facts, action) =>
        action is not (BootAction.Run or BootAction.StartTrial) || facts.Active == SlotHealth.Bootable);

    [Fact]
    public void BrokenFallback_IsNeverFallenBackTo() => Always((facts, action) =>
        action != BootAction.FallBack || facts.Fallback == SlotHealth.Bootable);

    [Fact]
    public void CommittedBootableSlot_IsNeverLeft() => Always((facts, action) =>
        facts is not { Commitment: Commitment.Committed, Active: SlotHealth.Bootable } || action == BootAction.Run);

    [Fact]
    public void Trial_StartsOnlyUncommittedWithAttemptsLeft() => Always((facts, action) =>
        action != BootAction.StartTrial || facts is { Commitment: Commitment.Uncommitted, Trial: Trial.AttemptsLeft });

    [Fact]
    public void TrialWithoutAttempts_NeverRunsWhileItCanFallBack() => Always((facts, action) =>
        facts is not { Commitment: Commitment.Uncommitted, Trial: Trial.Exhausted or Trial.Stopped, Fallback: SlotHealth.Bootable }
        || action == BootAction.FallBack);

    /// <summary>What a record says of its trial, in this start of the machine and in the next.</summary>
    private static readonly Dictionary<string, (BootRecord Record, Trial Here, Trial AfterPowerLoss)> Trials = new()
    {
        ["armed"] = (Records.Armed(), Trial.AttemptsLeft, Trial.AttemptsLeft),
        ["armed, three attempts"] = (Records.Armed(attempts: 3), Trial.AttemptsLeft, Trial.AttemptsLeft),
        ["merging"] = (Records.Armed().CountMergeAttempt(), Trial.AttemptsLeft, Trial.AttemptsLeft),
        ["started, its only attempt"] = (Records.Trial(), Trial.Stopped, Trial.Exhausted),
        ["started, the first of three"] = (Records.Armed(attempts: 3).StartTrial(Records.KernelBoot), Trial.Stopped, Trial.AttemptsLeft),
        ["started, the last of three"] = (
            Records.Armed(attempts: 3).StartTrial(Guid.NewGuid()).StartTrial(Guid.NewGuid()).StartTrial(Records.KernelBoot),
            Trial.Stopped, Trial.Exhausted),
        ["set by hand"] = (Records.Committed.Set(SlotId.One, SlotId.Zero, false, 30), Trial.AttemptsLeft, Trial.AttemptsLeft),
        ["written without a kernel's boot id"] = (Records.Armed().StartTrial(Guid.Empty), Trial.Exhausted, Trial.Exhausted),
    };

    public static TheoryData<string> TrialNames => [.. Trials.Keys];

    [Theory]
    [MemberData(nameof(TrialNames))]
    public void Trial_IsRetriedForTheLossOfPowerAlone(string name)
    {
        var (record, here, afterPowerLoss) = Trials[name];
        Assert.Equal(
            (here, afterPowerLoss, afterPowerLoss),
            (BootRules.TrialOf(record, Records.KernelBoot), BootRules.TrialOf(record, Guid.NewGuid()), BootRules.TrialOf(record, Guid.Empty)));
    }

    [Fact]
    public void Recovery_OnlyWhenNothingIsBootable() => Always((facts, action) =>
        (action == BootAction.Recover) == facts is { Active: SlotHealth.Broken, Fallback: SlotHealth.Broken });

    [Fact]
    public void FallBack_LeadsToARunningSlotAtOnce() => Always((facts, action) =>
        action != BootAction.FallBack
        || BootRules.Decide(new BootFacts(Commitment.Committed, Trial.Exhausted, facts.Fallback, SlotHealth.Broken))
            .Action == BootAction.Run);

    [Fact]
    public void ZeroedFacts_StartNothing() => Assert.Equal(BootAction.Recover, BootRules.Decide(default).Action);

    [Fact]
    public void EveryRule_HasARow() =>
        Assert.Equal(Enum.GetValues<BootRule>().Order(), Product.Select(facts => BootRules.Decide(facts).Rule).Distinct().Order());

    [Fact]
    public void EveryRule_HasOneAction() => Assert.All(
        Product.GroupBy(facts => BootRules.Decide(facts).Rule),
        rule => Assert.Single(rule.Select(facts => BootRules.Decide(facts).Action).Distinct()));

    [Fact]
    public void FallbackIsNeeded_WhereItsHealthChangesTheDecision() => Assert.All(
        Product,
        facts => Assert.Equal(
            Product.Where(other => (other.Commitment, other.Trial, other.Active) == (facts.Commitment, facts.Trial, facts.Active))
                .Select(BootRules.Decide).Distinct().Count() > 1,
            BootRules.NeedsFallback(facts.Commitment, facts.Trial, facts.Active)));

    [Fact]
    public void Document_HasTheWholeTable() => GeneratedDoc.Matches(
        "docs/boot-rules.md",
        "boot rules",
        GeneratedDoc.Table(
            ["commitment", "trial", "active", "fallback", "decision", "rule"],
            Product.Select(facts => new[]
            {
                Words(facts.Commitment), Words(facts.Trial), Words(facts.Active), Words(facts.Fallback),
                Words(BootRules.Decide(facts).Action), BootRules.Decide(facts).Rule.ToString(),
            })));

    private static void Always(Func<BootFacts, BootAction, bool> holds) =>
        Assert.All(Product, facts => Assert.True(holds(facts, BootRules.Decide(facts).Action), facts.ToString()));

    private static string Words<T>(T value)
        where T : struct, Enum => string.Concat(
            value.ToString().Select((letter, index) => char.IsUpper(letter) && index > 0
                ? " " + char.ToLowerInvariant(letter)
                : char.ToLowerInvariant(letter).ToString()));
}
