using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>A bundle that failed its trial on this device.</summary>
/// <param name="Bundle">Which one.</param>
/// <param name="Count">How often, 1 to 255; more count as 255.</param>
/// <param name="Last">How the last of these trials ended.</param>
public readonly record struct FailedTrial(BundleMark Bundle, byte Count, OutcomeCode Last)
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
        OutcomeCode.TooManyCrashes => "firmware crashed again and again",
        var other => new BootOutcome(other, SlotId.Zero, "", 0, TimeSpan.Zero, default).Text,
    };
}
