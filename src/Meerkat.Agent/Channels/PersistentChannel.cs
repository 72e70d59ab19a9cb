using Meerkat.Device;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent.Channels;

/// <summary>
/// A channel that is there as long as the program: what it cannot do at once (an address in use, a server that is away, a line that is not
/// plugged in) it tries again, with pauses that double and vary, and nothing else of the device waits for it.
/// </summary>
internal abstract class PersistentChannel(DeviceAgent agent, IHostApplicationLifetime lifetime) : BackgroundService
{
    private const double Spread = 0.25;

    private readonly Random random = new();
    private string told = "";

    protected DeviceAgent Agent => agent;

    protected int QueueLength => (int)agent.Config.Values.WholeNumber("rpc.max_queue_length");

    protected virtual TimeSpan ShortestPause => TimeSpan.FromSeconds(1);

    protected virtual TimeSpan LongestPause => TimeSpan.FromMinutes(1);

    /// <summary>What it is called in the log.</summary>
    protected abstract string Name { get; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Nothing is answered before the program has started, its HTTP server included: one that cannot listen ends.
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var starting = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await using var stopping = stoppingToken.Register(() => started.TrySetCanceled());
        await ((Task)started.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var pause = ShortestPause;
        while (!stoppingToken.IsCancellationRequested)
        {
            var begun = agent.Time.GetTimestamp();
            try
            {
                if (!await ServeAsync(stoppingToken))
                {
                    return;
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                Tell($"{Name}: {fault.Message}; trying again");
            }
            // What held for a while has not failed again and again.
            pause = agent.Time.GetElapsedTime(begun) > LongestPause ? ShortestPause : pause;
            try
            {
                await Task.Delay(pause * (1 - Spread + (2 * Spread * random.NextDouble())), agent.Time, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>Serves until the connection, or whatever it serves, has ended.</summary>
    /// <returns>False when there is nothing to serve.</returns>
    protected abstract Task<bool> ServeAsync(CancellationToken stopping);

    /// <summary>Tells a line once, not at each try.</summary>
    protected void Tell(string line)
    {
        if (line != told)
        {
            told = line;
            agent.Log(line);
        }
    }
}
