using Meerkat.Device.Downloads;
using Microsoft.Extensions.Time.Testing;

namespace Meerkat.Device.Tests.Downloads;

public sealed class RateLimitTests
{
    private readonly FakeTimeProvider time = new();

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(3333)]
    [InlineData(100_000_000)]
    public async Task Rate_IsKeptOverShortAndLongTime(long bytesPerSecond)
    {
        var limit = new RateLimit(bytesPerSecond, time);
        var piece = limit.Piece(128 * 1024);
        Assert.InRange(piece, 1, Math.Max(1, bytesPerSecond / 20));
        var begun = time.GetTimestamp();
        long taken = 0;
        for (var round = 0; round < 500; round++)
        {
            await PassAsync(limit.TookAsync(piece, TestContext.Current.CancellationToken));
            taken += piece;
            var due = (double)taken / bytesPerSecond;
            Assert.InRange(time.GetElapsedTime(begun).TotalSeconds, due - 0.0011, due + 0.0021);
        }
    }

    [Fact]
    public async Task TimeOfWhichNothingWasMade_IsNotMadeUpFor()
    {
        var limit = new RateLimit(1000, time);
        time.Advance(TimeSpan.FromHours(1));
        var begun = time.GetTimestamp();
        for (var round = 0; round < 20; round++)
        {
            await PassAsync(limit.TookAsync(50, TestContext.Current.CancellationToken));
        }
        Assert.InRange(time.GetElapsedTime(begun).TotalSeconds, 0.999, 1.01);
    }

    [Fact]
    public void WithoutALimit_NothingWaits()
    {
        var limit = new RateLimit(0, time);
        Assert.Equal(4096, limit.Piece(4096));
        Assert.True(limit.TookAsync(1 << 30, TestContext.Current.CancellationToken).IsCompletedSuccessfully);
    }

    /// <summary>Lets the clock run, a millisecond a step, until the wait is over.</summary>
    private async Task PassAsync(Task wait)
    {
        while (!wait.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
        }
        await wait;
    }
}
