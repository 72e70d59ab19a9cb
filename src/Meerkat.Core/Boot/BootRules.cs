using static Meerkat.Core.Boot.Commitment;
using static Meerkat.Core.Boot.SlotHealth;
using static Meerkat.Core.Boot.Trial;

namespace Meerkat.Core.Boot;

/// <summary>The boot rules. This table is the whole decision; <c>docs/boot-rules.md</c> is generated from it.</summary>
public static class BootRules
{
    public static BootDecision Decide(BootFacts facts) =>
        (facts.Commitment, facts.Trial, facts.Active, facts.Fallback) switch
        {
#pragma warning disable format // columns are the point of this table
            // commitment   trial         active    fallback
            (Committed,     _,            Bootable, _       ) => BootDecision.Run(BootRule.Committed),
            (Committed,     _,            Broken,   Bootable) => BootDecision.FallBack(BootRule.ActiveBroken),
            (Uncommitted,   AttemptsLeft, Bootable, _       ) => BootDecision.StartTrial(BootRule.FirstBoot),
            (Uncommitted,   AttemptsLeft, Broken,   Bootable) => BootDecision.FallBack(BootRule.NewImageBroken),
            (Uncommitted,   Exhausted,    _,        Bootable) => BootDecision.FallBack(BootRule.TrialEnded),
            (Uncommitted,   Exhausted,    Bootable, Broken  ) => BootDecision.Run(BootRule.NothingToFallBackTo),
            (Uncommitted,   Stopped,      _,        Bootable) => BootDecision.FallBack(BootRule.TrialStopped),
            (Uncommitted,   Stopped,      Bootable, Broken  ) => BootDecision.Run(BootRule.NothingToFallBackTo),
            (_,             _,            Broken,   Broken  ) => BootDecision.Recover(BootRule.NothingBootable),
#pragma warning restore format
        };

    /// <summary>
    /// The trial, as a record tells it. A retry is for the loss of power alone, so it takes a start of the machine in between: whatever
    /// else ends a trial is recorded as its end, or happened without one.
    /// </summary>
    /// <param name="record">The record in force.</param>
    /// <param name="kernelBootId">Differs after every start of the machine.</param>
    public static Trial TrialOf(BootRecord record, Guid kernelBootId) =>
        record.TrialBootId == kernelBootId && kernelBootId != Guid.Empty ? Stopped
        : record.TrialAttempts > 0 ? AttemptsLeft
        : Exhausted;

    /// <summary>Whether the decision can depend on the fallback's health, whose digest is costly to compute.</summary>
    public static bool NeedsFallback(Commitment commitment, Trial trial, SlotHealth active) =>
        Decide(new BootFacts(commitment, trial, active, Bootable))
        != Decide(new BootFacts(commitment, trial, active, Broken));
}
