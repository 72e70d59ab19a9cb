namespace Meerkat.Simulator.Search;

/// <summary>What a search has done.</summary>
public sealed class SearchCounts
{
    private long cuts;
    private long pairs;
    private long states;

    /// <summary>Storage operations of the undisturbed life; 0 while it is being lived.</summary>
    public int Operations { get; internal set; }

    /// <summary>Single cuts in all their outcomes.</summary>
    public long Cuts => Interlocked.Read(ref cuts);

    /// <summary>Cuts during the recovery from another.</summary>
    public long Pairs => Interlocked.Read(ref pairs);

    /// <summary>
    /// Different states of medium and world among them: a recovery, all invariants and a whole next update each. Cuts that leave the
    /// same state are looked at once.
    /// </summary>
    public long States => Interlocked.Read(ref states);

    internal void CountCut() => Interlocked.Increment(ref cuts);

    internal void CountState() => Interlocked.Increment(ref states);

    internal void CountPair() => Interlocked.Increment(ref pairs);
}
