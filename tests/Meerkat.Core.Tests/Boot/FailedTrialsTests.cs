using Meerkat.Core.Boot;

namespace Meerkat.Core.Tests.Boot;

public sealed class FailedTrialsTests
{
    [Fact]
    public void LatestComesFirst_AndTheOldestIsForgotten()
    {
        var failures = ((string[])["a", "b", "c", "a", "d", "e"]).Aggregate(
            FailedTrials.None, (known, name) => known.With(Records.MarkOf(name), OutcomeCode.NoCommit));
        Assert.Equal(
            [("e", 1), ("d", 1), ("a", 2), ("c", 1)],
            failures.Entries.Select(entry => (((string[])["a", "b", "c", "d", "e"]).Single(name => Records.MarkOf(name) == entry.Bundle), (int)entry.Count)));
    }

    [Fact]
    public void Count_StopsAtItsEnd()
    {
        var failures = Enumerable.Range(0, 300).Aggregate(
            FailedTrials.None, (known, _) => known.With(Records.MarkOf("a"), OutcomeCode.Exited));
        Assert.Equal(255, Assert.Single(failures.Entries).Count);
    }

    [Fact]
    public void LossesOfPower_AreCountedBesideTheFailures()
    {
        var lost = FailedTrials.None.With(Records.MarkOf("a"), OutcomeCode.PowerLost).With(Records.MarkOf("a"), OutcomeCode.PowerLost);
        Assert.Equal([new FailedTrial(Records.MarkOf("a"), 0, OutcomeCode.None, 2)], lost.Entries);
        Assert.Equal(
            [new FailedTrial(Records.MarkOf("a"), 1, OutcomeCode.Exited, 3)],
            lost.With(Records.MarkOf("a"), OutcomeCode.Exited).With(Records.MarkOf("a"), OutcomeCode.PowerLost).Entries);
    }

    [Fact]
    public void BundleThatIsNotKnown_IsNotCounted() =>
        Assert.Same(FailedTrials.None, FailedTrials.None.With(default, OutcomeCode.Exited));

    /// <summary>A new code must be decided on: does it speak against the bundle?</summary>
    [Fact]
    public void EveryCode_CountsOrDoesNot() => Assert.Equal(
        [
            OutcomeCode.NoCommit, OutcomeCode.Exited, OutcomeCode.Signaled, OutcomeCode.NotReady, OutcomeCode.WatchdogStarved,
            OutcomeCode.BootLoaderStopped, OutcomeCode.MergeFailed, OutcomeCode.ImageBroken, OutcomeCode.NewImageBroken,
            OutcomeCode.AgentNotReady, OutcomeCode.TooManyCrashes, OutcomeCode.StartFailed, OutcomeCode.AgentUnusable,
            OutcomeCode.HealthFailed,
        ],
        Enum.GetValues<OutcomeCode>().Where(FailedTrials.Counts));

    [Fact]
    public void Words_HaveNoNumbersThatAreNotKnown() => Assert.All(
        Enum.GetValues<OutcomeCode>().Where(FailedTrials.Counts),
        code => Assert.DoesNotContain("0", new FailedTrial(default, 1, code).Words, StringComparison.Ordinal));

    [Fact]
    public void EqualLists_AreEqual()
    {
        var one = FailedTrials.None.With(Records.MarkOf("a"), OutcomeCode.Exited);
        var other = FailedTrials.None.With(Records.MarkOf("a"), OutcomeCode.Exited);
        Assert.Equal(one, other);
        Assert.Equal(one.GetHashCode(), other.GetHashCode());
        Assert.NotEqual(one, other.With(Records.MarkOf("b"), OutcomeCode.Exited));
        Assert.Equal(FailedTrials.None, one.Without(Records.MarkOf("a")));
    }
}
