using Meerkat.Core.Updates;

namespace Meerkat.Core.Tests.Updates;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset NeverSet = DateTimeOffset.UnixEpoch;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(120, 120)]
    [InlineData(-5, 0)]
    [InlineData(int.MaxValue, 86400)]
    public void Seconds_AreKeptUpToADay(int said, int expected) =>
        Assert.Equal(TimeSpan.FromSeconds(expected), RetryAfter.Of(TimeSpan.FromSeconds(said), null, null, NeverSet));

    [Fact]
    public void Date_IsMeasuredByTheServersClock() =>
        Assert.Equal(TimeSpan.FromSeconds(90), RetryAfter.Of(null, Now.AddSeconds(90), Now, NeverSet));

    [Fact]
    public void Date_IsMeasuredByTheDevicesClockWhereTheServerTellsNone() =>
        Assert.Equal(TimeSpan.FromSeconds(90), RetryAfter.Of(null, Now.AddSeconds(90), null, Now));

    [Fact]
    public void Date_SaysNothingToADeviceWithoutAClock() => Assert.Null(RetryAfter.Of(null, Now, null, NeverSet));

    [Fact]
    public void NothingSaid_IsNone() => Assert.Null(RetryAfter.Of(null, null, Now, Now));
}
