using System.Collections.Immutable;

namespace Meerkat.Core.Health;

/// <summary>
/// By what a trial commits itself: every probe holds, and <see cref="MinTime"/> has passed since the firmware's start. A trial in which
/// that does not come about within <see cref="MaxTime"/> falls back.
/// </summary>
/// <param name="MinTime">Not committed before; 0 and more, shorter than <paramref name="MaxTime"/>.</param>
/// <param name="MaxTime">The end of the trial, unless the update has a shorter commit timeout; at most seven days.</param>
/// <param name="Interval">From the begin of one round of the probes to the next; 1 s to an hour.</param>
/// <param name="Probes">1 to <see cref="MostProbes"/>.</param>
public sealed record HealthContract(TimeSpan MinTime, TimeSpan MaxTime, TimeSpan Interval, ImmutableArray<HealthProbe> Probes)
{
    /// <summary>At the top of a bundle's file system.</summary>
    public const string FileName = "health.json";

    public const int MostBytes = 64 * 1024;
    public const int MostProbes = 16;
    public const int MostSeconds = 604800;

    public static readonly TimeSpan DefaultMaxTime = TimeSpan.FromSeconds(300);
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(2);
}
