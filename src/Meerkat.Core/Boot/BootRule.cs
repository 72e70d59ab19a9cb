namespace Meerkat.Core.Boot;

/// <summary>The row of the table that fired. Numbers are written to logs; never reuse one.</summary>
public enum BootRule
{
    NothingBootable = 0,
    Committed = 1,
    ActiveBroken = 2,
    FirstBoot = 3,
    NewImageBroken = 4,
    TrialEnded = 5,
    NothingToFallBackTo = 6,
    TrialStopped = 7,
}
