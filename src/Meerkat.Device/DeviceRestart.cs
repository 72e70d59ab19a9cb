using Meerkat.Boot.Link;
using Meerkat.Core.Protocol;
using Meerkat.Rpc;

namespace Meerkat.Device;

/// <summary>
/// The restart that follows an answer: until it comes every other call is refused. The connection that carries the answer is not cut,
/// because the program ends only when what it answers has been sent.
/// </summary>
public sealed class DeviceRestart(BootLoaderCalls boot, RpcDispatcher calls, TimeProvider time, Action<string> log) : IAsyncDisposable
{
    /// <summary>From the answer to the restart (specification 5.1).</summary>
    public static readonly TimeSpan AfterAnswer = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly CancellationTokenSource ending = new();
    private Task pending = Task.CompletedTask;

    /// <summary>Asks the boot loader for a restart after a while. One that is on its way is not put off.</summary>
    public void Schedule(TimeSpan delay, bool force)
    {
        lock (gate)
        {
            if (pending.IsCompleted)
            {
                calls.LockOut(delay);
                pending = RunAsync(delay, force);
            }
        }
    }

    /// <summary>As <see cref="Schedule"/>, for a caller who must hear at once that a trial stands in the way.</summary>
    /// <exception cref="RpcException">The boot loader's refusal.</exception>
    public void Ask(BootStatus status, TimeSpan delay, bool force)
    {
        if (!force)
        {
            Demand(status);
        }
        Schedule(delay, force);
    }

    /// <summary>In a trial the boot loader is asked at once: it refuses in its own words, because a restart would undo the update.</summary>
    /// <exception cref="RpcException">The boot loader's refusal.</exception>
    public void Demand(BootStatus status)
    {
        if (status is { Mode: "trial", Fallback: not null })
        {
            boot.Restart(force: false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        await pending.ConfigureAwait(false);
        ending.Dispose();
    }

    private async Task RunAsync(TimeSpan delay, bool force)
    {
        try
        {
            await Task.Delay(delay, time, ending.Token).ConfigureAwait(false);
            boot.Restart(force);
        }
        catch (OperationCanceledException)
        {
            // The program ends before the moment came; whoever ends it decides what starts next.
        }
        catch (RpcException refused)
        {
            calls.Unlock();
            log($"no restart: {refused.Message}");
        }
    }
}
