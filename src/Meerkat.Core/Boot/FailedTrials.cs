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

    public static readonly FailedTrials None = new([]);

    private readonly ImmutableArray<FailedTrial> entries;

    private FailedTrials(ImmutableArray<FailedTrial> entries) => this.entries = entries;

    /// <summary>The latest first.</summary>
    public ImmutableArray<FailedTrial> Entries => entries;

    /// <summary>The failures in this order; those after the first four are left out.</summary>
    public static FailedTrials Of(IEnumerable<FailedTrial> latestFirst) => new([.. latestFirst.Take(Most)]);

    /// <summary>
    /// Whether the end of a trial speaks against its bundle. What a person decided does not, nor does the loss of power alone, nor a
    /// medium that takes no record.
    /// </summary>
    public static bool Counts(OutcomeCode code) => code is not (
        OutcomeCode.None or OutcomeCode.Reverted or OutcomeCode.RestartForced or OutcomeCode.PowerLost
        or OutcomeCode.RecordNotWritable or OutcomeCode.RecordLost);

    /// <summary>After one more failure of a bundle; the same when it is not known which bundle it was.</summary>
    public FailedTrials With(BundleMark bundle, OutcomeCode code)
    {
        if (bundle.IsNone || !Counts(code))
        {
            return this;
        }
        var before = entries.FirstOrDefault(entry => entry.Bundle == bundle).Count;
        var latest = new FailedTrial(bundle, (byte)Math.Min(before + 1, byte.MaxValue), code);
        return Of([latest, .. entries.Where(entry => entry.Bundle != bundle)]);
    }

    /// <summary>After a commit of a bundle: what was held against it is forgotten.</summary>
    public FailedTrials Without(BundleMark bundle) =>
        entries.Any(entry => entry.Bundle == bundle) ? Of(entries.Where(entry => entry.Bundle != bundle)) : this;

    public bool Equals(FailedTrials? other) => other is not null && entries.SequenceEqual(other.entries);

    public override bool Equals(object? obj) => Equals(obj as FailedTrials);

    public override int GetHashCode() => entries.Length == 0 ? 0 : HashCode.Combine(entries.Length, entries[0]);

    public override string ToString() => string.Join(", ", entries);
}
