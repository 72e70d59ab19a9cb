using Meerkat.Device.Updates;
using Meerkat.Storage;

namespace Meerkat.Device.Downloads;

/// <summary>
/// Updates that the device fetches itself, from a server or out of its own file system. They belong to the device and not to who asked: a caller that goes away changes nothing.
/// </summary>
/// <param name="runner">Where updates run.</param>
/// <param name="boot">Asked before anything is fetched.</param>
/// <param name="restart">Scheduled when the new slot is armed.</param>
/// <param name="settings">What a download tells the server, by the settings in force.</param>
/// <param name="time">Measures time-outs and pauses.</param>
/// <param name="log">Takes one line an event.</param>
public sealed class PulledUpdates(
    UpdateRunner runner, BootLoaderCalls boot, DeviceRestart restart, Func<DownloadSettings> settings, TimeProvider time, Action<string> log)
    : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource ending = new();
    private Task<UpdateResult> running = Task.FromResult(UpdateResult.Failed("idle"));
    private (UpdateStatus Own, UpdateStatus Beside)? outside;

    /// <summary>What <c>OTA.Status</c> tells: the runner's state, or that of a download that never got as far as the runner.</summary>
    public UpdateStatus Status
    {
        get
        {
            var now = runner.Status;
            lock (gate)
            {
                return outside is { } kept && kept.Beside == now ? kept.Own : now;
            }
        }
    }

    /// <summary>Whether an installed update waits to be activated; what is looked for by itself must not replace it.</summary>
    /// <exception cref="Meerkat.Core.Protocol.RpcException">The boot loader does not answer.</exception>
    public bool UpdateIsHeld => boot.Status().Held is not null;

    public PullStart Start(Uri url, UpdateOptions options, TimeSpan stallLimit) => Start(
        url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped),
        taker => new BundleDownload(settings(), stallLimit, time, log).RunAsync(url, taker, ending.Token),
        options);

    /// <param name="volume">The device's root.</param>
    /// <param name="path">The bundle's file on the volume, through no link.</param>
    /// <param name="options">How the update is to be done.</param>
    public PullStart Start(IVolume volume, string path, UpdateOptions options) => Start(
        path, taker => Task.FromResult(new StoredBundle(volume, path).Run(taker, ending.Token)), options);

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        ending.Dispose();
    }

    private PullStart Start(string source, Func<DownloadTaker, Task<DownloadEnd>> fetch, UpdateOptions options)
    {
        lock (gate)
        {
            if (!running.IsCompleted || runner.Status.State == 1)
            {
                return Refused(true, "another update is in progress");
            }
            if (UpdateRunner.Obstacle(boot.Status()) is { } obstacle)
            {
                return Refused(obstacle.Busy, obstacle.Text);
            }
            outside = (new UpdateStatus(1, "progress", 0, "receiving"), runner.Status);
            running = RunAsync(source, fetch, options);
            return new PullStart.Started(running);
        }
    }

    private async Task<UpdateResult> RunAsync(string source, Func<DownloadTaker, Task<DownloadEnd>> fetch, UpdateOptions options)
    {
        // The caller gets its "started" before the first byte is waited for.
        await Task.Yield();
        UpdateResult result;
        UpdateSession? session = null;
        var begun = false;
        try
        {
            log($"update: fetching from {source}");
            var taker = new DownloadTaker(
                total =>
                {
                    begun = true;
                    switch (runner.Begin(options with { AnnouncedBytes = total }))
                    {
                        case UpdateBegin.Started started:
                            session = started.Session;
                            return null;
                        case UpdateBegin.Refused refused:
                            return UpdateResult.Failed(refused.Text);
                        default:
                            throw new System.Diagnostics.UnreachableException();
                    }
                },
                bytes => session!.Write(bytes.Span));
            result = await fetch(taker).ConfigureAwait(false) switch
            {
                DownloadEnd.Whole => session!.Complete(),
                DownloadEnd.Ended(var ended) => Give(session, ended),
                _ => throw new System.Diagnostics.UnreachableException(),
            };
        }
        catch (Exception fault)
        {
            result = Give(session, UpdateResult.Failed($"Update failed: {fault.Message}"));
        }
        finally
        {
            session?.Dispose();
        }
        if (session is null && !begun)
        {
            runner.Watch.EndedBefore(result);
        }
        lock (gate)
        {
            outside = session is null ? (Outcome(result), runner.Status) : null;
        }
        if (result.NeedsRestart)
        {
            restart.Schedule(DeviceRestart.AfterAnswer, force: false);
        }
        return result;
    }

    private PullStart.Refused Refused(bool busy, string text)
    {
        runner.Watch.Refused(text);
        return new PullStart.Refused(busy, text);
    }

    private static UpdateResult Give(UpdateSession? session, UpdateResult ended)
    {
        session?.Abort(ended.Message);
        return ended;
    }

    private static UpdateStatus Outcome(UpdateResult result) => new(result.Succeeded ? 3 : 2, result.Message, 0, "idle");
}
