using System.Diagnostics;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>The one way of waiting: for a condition, looked at again and again, and never longer than it takes.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    /// <exception cref="TimeoutException">The condition did not come to hold within the limit, 30 s unless told.</exception>
    public static Task HoldsAsync(string what, Func<bool> condition, TimeSpan? limit = null) =>
        IsAsync(what, () => Task.FromResult(condition() ? what : null), limit);

    /// <summary>Waits until there is something to see, and returns it.</summary>
    public static async Task<T> IsAsync<T>(string what, Func<Task<T?>> look, TimeSpan? limit = null)
        where T : class
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (await look() is { } seen)
            {
                return seen;
            }
            if (watch.Elapsed > (limit ?? Limit))
            {
                throw new TimeoutException($"not within {(limit ?? Limit).TotalSeconds:0.#} s: {what}");
            }
            await Task.Delay(LookAgain);
        }
    }
}
