using System.Globalization;
using Meerkat.Core.Tests;
using Meerkat.Simulator.Medium;
using Meerkat.Simulator.Search;

namespace Meerkat.Simulator.Tests;

/// <summary>Every operation of a device's life is cut, in every outcome of the family.</summary>
public sealed class CutSearchTests
{
    [Fact]
    public void EveryCut_LeavesADeviceThatComesBack()
    {
        var result = new Simulation(new SimulationOptions { Cuts = 1, Lives = 0 }).Run(TestContext.Current.CancellationToken);

        Assert.Equal([], result.Violations);
        Assert.True(result.Operations > 1000 && result.States > 10_000);
        GeneratedDoc.Matches("docs/reliability.md", "cuts", GeneratedDoc.Table(
            ["what", "count"],
            [
                ["storage operations in the life", Number(result.Operations)],
                ["cuts: operations times crash outcomes", Number(result.Cuts)],
                ["different states of medium and world among them, each recovered from", Number(result.States)],
                ["violations", "0"],
            ]));
    }

    [Fact]
    public void RandomLives_BreakNoPromise()
    {
        var result = new Simulation(new SimulationOptions { Cuts = 0, Lives = 60 }).Run(TestContext.Current.CancellationToken);

        Assert.Equal([], result.Violations);
        Assert.True(result.LifeCuts > 500 && result.LifeUpdates > 500);
    }

    [Fact]
    public void ALife_IsTheSameTwice()
    {
        List<string> first = [];
        List<string> second = [];
        Assert.Null(Replay.Run("seed:7x150", null, first.Add));
        Assert.Null(Replay.Run("seed:7x150", null, second.Add));

        Assert.True(first.Count > 150);
        Assert.Equal(first, second);
    }

    [Fact]
    public void ASecondCut_IsReplayed()
    {
        List<string> log = [];
        Assert.Null(Replay.Run("200:none/9:torn0@512", null, log.Add));
        Assert.Equal(2, log.Count(line => line.StartsWith("the power goes", StringComparison.Ordinal)));
        Assert.Throws<FormatException>(() => Replay.Run("200", null, log.Add));
        Assert.Throws<FormatException>(() => Replay.Run("1000000:none", null, log.Add));
    }

    private static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
