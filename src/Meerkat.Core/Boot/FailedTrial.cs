using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>A bundle that failed its trial on this device, or lost it to the power.</summary>
/// <param name="Bundle">Which one.</param>
/// <param name="Count">How often it failed, 0 to 255; more count as 255.</param>
/// <param name="Last">How the last of these trials ended; none when it never failed.</param>
/// <param name="PowerLosses">How many trials more ended with the power, 0 to 255; more count as 255.</param>
public readonly record struct FailedTrial(BundleMark Bundle, byte Count, OutcomeCode Last, byte PowerLosses = 0)
{
    /// <summary>How the last one ended, in words. The numbers that belong to it are not kept for each bundle.</summary>
    public string Words => Last switch
    {
        OutcomeCode.NoCommit => "no commit in time",
        OutcomeCode.Exited => "firmware exited",
        OutcomeCode.Signaled => "firmware was killed by a signal",
        OutcomeCode.NotReady => "firmware was not ready in time",
        OutcomeCode.WatchdogStarved => "firmware sent no watchdog ping in time",
        OutcomeCode.AgentNotReady => "the agent was not reachable in time",
        OutcomeCode.MergeFailed => "the file systems could not be merged",
        OutcomeCode.HealthFailed => "the health contract did not hold",
        OutcomeCode.TooManyCrashes => "firmware crashed again and again",
        var other => new BootOutcome(other, SlotId.Zero, "", 0, TimeSpan.Zero, default).Text,
    };
}
