using Meerkat.Device.Updates;

namespace Meerkat.Device.Downloads;

/// <summary>The answer to the wish to fetch an update.</summary>
public abstract record PullStart
{
    private PullStart()
    {
    }

    /// <param name="End">Ends when the update has; the device restarts by itself after a success that needs it.</param>
    public sealed record Started(Task<UpdateResult> End) : PullStart;

    /// <param name="Busy">Another update is in progress.</param>
    /// <param name="Text">What stands in the way and what to do.</param>
    public sealed record Refused(bool Busy, string Text) : PullStart;
}
