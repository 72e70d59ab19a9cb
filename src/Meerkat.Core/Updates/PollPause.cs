namespace Meerkat.Core.Updates;

/// <summary>
/// How long a device waits before it looks for an update. Devices that are switched on, or told to look, at the same moment must not
/// come at the same moment; a server that fails must not get more to do than one that works.
/// </summary>
public static class PollPause
{
    /// <summary>Each pause is up to so much longer or shorter than it is meant to be.</summary>
    private const double Spread = 0.1;

    /// <summary>Failures double the pause so often.</summary>
    private const int MostDoublings = 3;

    /// <summary>Failures make no pause longer than this; a longer interval stays as it is.</summary>
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromHours(1);

    /// <summary>Before the first look, and after a change of the settings: anywhere within one interval.</summary>
    /// <param name="interval"><c>update.interval</c>.</param>
    /// <param name="chance">From 0 to 1.</param>
    public static TimeSpan First(TimeSpan interval, double chance) => interval * chance;

    /// <param name="interval"><c>update.interval</c>.</param>
    /// <param name="failures">Looks in a row that failed, 0 or more.</param>
    /// <param name="rest">How long the server asks to be left alone; the pause is never shorter.</param>
    /// <param name="chance">From 0 to 1.</param>
    public static TimeSpan Next(TimeSpan interval, int failures, TimeSpan rest, double chance)
    {
        var most = interval > LongestBackOff ? interval : LongestBackOff;
        var backedOff = interval * (1 << Math.Min(failures, MostDoublings));
        var pause = (backedOff < most ? backedOff : most) * (1 - Spread + (2 * Spread * chance));
        var rested = rest * (1 + (Spread * chance));
        return pause > rested ? pause : rested;
    }
}
