using Meerkat.Simulator.Medium;

namespace Meerkat.Simulator.Search;

/// <summary>What a search has done.</summary>
public sealed class SearchCounts
{
    private readonly long[] outcomes = new long[Enum.GetValues<CrashKind>().Length];
    private long killed;
    private long pairs;
    private long states;

    /// <summary>Storage operations of the undisturbed life; 0 while it is being lived.</summary>
    public int Operations { get; internal set; }

    /// <summary>Single cuts in all their outcomes.</summary>
    public long Cuts => outcomes.Sum() + killed;

    /// <summary>Cuts during the recovery from another.</summary>
    public long Pairs => Interlocked.Read(ref pairs);

    /// <summary>
    /// Different states of medium and world among them: a recovery, all invariants and a whole next update each. Cuts that leave the
    /// same state are looked at once.
    /// </summary>
    public long States => Interlocked.Read(ref states);

    /// <summary>Of the cuts, those that ended the boot loader alone.</summary>
    public long Killed => Interlocked.Read(ref killed);

    public long Of(CrashKind kind) => Interlocked.Read(ref outcomes[(int)kind]);

    internal void Count(CrashKind kind, bool byKill)
    {
        if (byKill)
        {
            Interlocked.Increment(ref killed);
        }
        else
        {
            Interlocked.Increment(ref outcomes[(int)kind]);
        }
    }

    internal void CountState() => Interlocked.Increment(ref states);

    internal void CountPair() => Interlocked.Increment(ref pairs);
}
