using Meerkat.Core.Updates;

namespace Meerkat.Core.Tests.Updates;

public sealed class PollPauseTests
{
    [Theory]
    [InlineData(100, 0, 0, 0.0, 90)]
    [InlineData(100, 0, 0, 1.0, 110)]
    [InlineData(100, 1, 0, 0.5, 200)]
    [InlineData(100, 3, 0, 0.5, 800)]
    [InlineData(100, 1000, 0, 0.5, 800)]
    [InlineData(1200, 2, 0, 0.5, 3600)] // failures make no pause longer than an hour
    [InlineData(86400, 9, 0, 0.5, 86400)] // nor an interval that is longer already
    [InlineData(100, 0, 50, 0.5, 100)]
    [InlineData(100, 1, 500, 0.0, 500)] // a server's wish is kept, and not by all at the same moment
    [InlineData(100, 1, 500, 1.0, 550)]
    public void Pause_IsTheIntervalOrMore(int interval, int failures, int rest, double chance, int expected) => Assert.Equal(
        expected,
        PollPause.Next(TimeSpan.FromSeconds(interval), failures, TimeSpan.FromSeconds(rest), chance).TotalSeconds,
        tolerance: 0.001);

    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(0.25, 900)]
    [InlineData(1.0, 3600)]
    public void FirstPause_IsAnywhereInTheInterval(double chance, int expected) =>
        Assert.Equal(TimeSpan.FromSeconds(expected), PollPause.First(TimeSpan.FromHours(1), chance));
}
