namespace Meerkat.Core.Boot;

/// <summary>What the boot loader does next.</summary>
public enum BootAction
{
    /// <summary>Start no firmware; keep the agent reachable for an update.</summary>
    Recover,

    /// <summary>Start the active slot, which is (or becomes) committed.</summary>
    Run,

    /// <summary>Charge an attempt, merge if pending, start the active slot with a deadline.</summary>
    StartTrial,

    /// <summary>Make the fallback slot active and committed, then decide again.</summary>
    FallBack,
}
