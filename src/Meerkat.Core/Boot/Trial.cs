namespace Meerkat.Core.Boot;

/// <summary>Whether an uncommitted slot may be started (once more).</summary>
public enum Trial
{
    /// <summary>All starts that the trial got are used.</summary>
    Exhausted,

    /// <summary>Never started, or ended by the loss of power alone: the machine was started again since.</summary>
    AttemptsLeft,

    /// <summary>
    /// Started since the machine was, and neither committed nor given up in the record: the boot loader itself was lost with it. Power
    /// had no part in that.
    /// </summary>
    Stopped,
}
