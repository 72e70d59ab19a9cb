using System.Collections.Immutable;
using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>
/// Which bundles failed their trials on this device, the latest first. Part of the boot record, and so written with the decision that a
/// trial failed: what is asked for again and again (by polling, say) is not tried for ever.
/// </summary>
public sealed class FailedTrials : IEquatable<FailedTrials>
{
    /// <summary>So many bundles are remembered; the one that failed longest ago is forgotten for the next.</summary>
    public const int Most = 4;

    /// <summary>A bundle that failed so often is refused unless it is forced.</summary>
    public const int MostFailures = 2;

    /// <summary>
    /// A bundle in whose trials the power was lost so often, and never anything else, is refused too: a firmware that makes the machine
    /// itself restart looks no different. Many enough that chance has no part in it.
    /// </summary>
    public const int MostPowerLosses = 5;

    public static readonly FailedTrials None = new([]);

    private FailedTrials(ImmutableArray<FailedTrial> entries) => Entries = entries;

    /// <summary>The latest first.</summary>
    public ImmutableArray<FailedTrial> Entries { get; }

    /// <summary>The failures in this order; those after the first four are left out.</summary>
    public static FailedTrials Of(IEnumerable<FailedTrial> latestFirst) => new([.. latestFirst.Take(Most)]);

    /// <summary>
    /// Whether the end of a trial speaks against its bundle. What a person decided does not, nor does the loss of power alone, nor a
    /// medium that takes no record.
    /// </summary>
    public static bool Counts(OutcomeCode code) => code is not (
        OutcomeCode.None or OutcomeCode.Reverted or OutcomeCode.RestartForced or OutcomeCode.PowerLost
        or OutcomeCode.RecordNotWritable or OutcomeCode.RecordLost);

    /// <summary>After one more trial of a bundle that ended so; the same when that does not count, or the bundle is not known.</summary>
    public FailedTrials With(BundleMark bundle, OutcomeCode code)
    {
        if (bundle.IsNone || !(Counts(code) || code == OutcomeCode.PowerLost))
        {
            return this;
        }
        var before = Entries.FirstOrDefault(entry => entry.Bundle == bundle);
        var latest = code == OutcomeCode.PowerLost
            ? before with { Bundle = bundle, PowerLosses = OneMore(before.PowerLosses) }
            : before with { Bundle = bundle, Count = OneMore(before.Count), Last = code };
        return Of([latest, .. Entries.Where(entry => entry.Bundle != bundle)]);
    }

    private static byte OneMore(byte count) => (byte)Math.Min(count + 1, byte.MaxValue);

    /// <summary>After a commit of a bundle: what was held against it is forgotten.</summary>
    public FailedTrials Without(BundleMark bundle) =>
        Entries.Any(entry => entry.Bundle == bundle) ? Of(Entries.Where(entry => entry.Bundle != bundle)) : this;

    public bool Equals(FailedTrials? other) => other is not null && Entries.SequenceEqual(other.Entries);

    public override bool Equals(object? obj) => Equals(obj as FailedTrials);

    public override int GetHashCode() => Entries.Length == 0 ? 0 : HashCode.Combine(Entries.Length, Entries[0]);

    public override string ToString() => string.Join(", ", Entries);
}
