using System.Diagnostics;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>The one way in which these tests wait: on a condition, with a bound that only a failure reaches.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    public static Task HoldsAsync(string what, Func<bool> condition) =>
        HoldsAsync(what, () => Task.FromResult(condition()));

    public static async Task HoldsAsync(string what, Func<Task<bool>> condition)
    {
        var start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Bound, $"not within {Bound.TotalSeconds} s: {what}");
            using var timer = new PeriodicTimer(LookAgain);
            await timer.WaitForNextTickAsync();
        }
    }
}
