using System.Collections.Immutable;
using Meerkat.Core.Updates;
using Meerkat.Device.Updates;
using Meerkat.Storage;

namespace Meerkat.Device.Downloads;

/// <summary>
/// Updates that the device fetches itself, from servers or out of its own file system. They belong to the device and not to who asked: a caller that goes away changes nothing.
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
    private readonly ServerNotes notes = new(time);
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

    /// <summary>What keeps the device from looking for updates by itself; none when nothing does. A held update is not to be replaced so.</summary>
    /// <exception cref="Meerkat.Core.Protocol.RpcException">The boot loader does not answer.</exception>
    public string? Hindrance
    {
        get
        {
            var status = boot.Status();
            return !running.IsCompleted || runner.Status.State == UpdateStatus.Running ? "another update is in progress"
                : status.Held is not null ? "an installed update waits for its activation"
                : UpdateRunner.Obstacle(status)?.Text;
        }
    }

    /// <summary>How much longer the server at this address asks to be left alone, 0 or more.</summary>
    public TimeSpan RestLeft(Uri address) => notes.RestLeft(address);

    /// <param name="addresses">At least one; the next one is asked where one fails.</param>
    /// <param name="options">How the update is to be done.</param>
    /// <param name="stallLimit">How long a server may send nothing.</param>
    public PullStart Start(ImmutableArray<Uri> addresses, UpdateOptions options, TimeSpan stallLimit) =>
        Start(() => FromServersAsync(addresses, options, stallLimit));

    /// <param name="volume">The device's root.</param>
    /// <param name="path">The bundle's file on the volume, through no link.</param>
    /// <param name="options">How the update is to be done.</param>
    public PullStart Start(IVolume volume, string path, UpdateOptions options) => Start(async () =>
    {
        log($"update: fetching from {path}");
        var attempt = await TryAsync(taker => Task.FromResult(new StoredBundle(volume, path).Run(taker, ending.Token)), options).ConfigureAwait(false);
        return attempt.Result;
    });

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        ending.Dispose();
    }

    private PullStart Start(Func<Task<UpdateResult>> run)
    {
        lock (gate)
        {
            if (!running.IsCompleted || runner.Status.State == UpdateStatus.Running)
            {
                return Refused(true, "another update is in progress");
            }
            if (UpdateRunner.Obstacle(boot.Status()) is { } obstacle)
            {
                return Refused(obstacle.Busy, obstacle.Text);
            }
            outside = (Receiving, runner.Status);
            running = RunAsync(run);
            return new PullStart.Started(running);
        }
    }

    private async Task<UpdateResult> RunAsync(Func<Task<UpdateResult>> run)
    {
        // The caller gets its "started" before the first byte is waited for.
        await Task.Yield();
        var result = await run().ConfigureAwait(false);
        if (result.NeedsRestart)
        {
            restart.Schedule(DeviceRestart.AfterAnswer, force: false);
        }
        return result;
    }

    private async Task<UpdateResult> FromServersAsync(ImmutableArray<Uri> addresses, UpdateOptions options, TimeSpan stallLimit)
    {
        var troubles = new List<string>();
        for (var next = 0; ; next++)
        {
            var address = addresses[next];
            var shown = BundleAddresses.Shown(address);
            var isLast = next == addresses.Length - 1;
            if (!options.ByItself)
            {
                log($"update: fetching from {shown}");
            }
            var unneeded = options.IgnoreSameVersion ? notes.Unneeded(address) : null;
            KnownBundle? found = null;
            var attempt = await TryAsync(
                async taker =>
                {
                    var download = new BundleDownload(settings(), stallLimit, time, log) { Unneeded = unneeded };
                    var end = await download.RunAsync(address, taker, ending.Token).ConfigureAwait(false);
                    found = download.Found;
                    return end;
                },
                options,
                result => Told(result, troubles, shown)).ConfigureAwait(false);
            if (attempt.RunsAlready)
            {
                notes.RunsAlready(address, found);
            }
            if (attempt.Rest is { } rest)
            {
                notes.Rests(address, rest);
            }
            var trouble = attempt.Result.Succeeded ? "" : attempt.Result.Message;
            var isNews = notes.IsNews(address, trouble);
            if (isLast || !attempt.AnotherMayHelp)
            {
                return Told(attempt.Result, troubles, shown);
            }
            troubles.Add($"{shown}: {trouble}");
            if (isNews || !options.ByItself)
            {
                log($"update: {shown}: {trouble}; trying the next address");
            }
            lock (gate)
            {
                outside = (Receiving, runner.Status);
            }
        }
    }

    /// <summary>Where several addresses were tried in vain, what each came to.</summary>
    private static UpdateResult Told(UpdateResult result, List<string> troubles, string last) => result.Succeeded || troubles.Count == 0
        ? result
        : result with { Message = $"{string.Join("; ", troubles)}; {last}: {result.Message}" };

    private Task<Attempt> TryAsync(Func<DownloadTaker, Task<DownloadEnd>> fetch, UpdateOptions options) => TryAsync(fetch, options, result => result);

    /// <summary>One source of a bundle, from the first byte to the end of the update.</summary>
    private async Task<Attempt> TryAsync(
        Func<DownloadTaker, Task<DownloadEnd>> fetch, UpdateOptions options, Func<UpdateResult, UpdateResult> tell)
    {
        UpdateSession? session = null;
        Attempt attempt;
        var begun = false;
        try
        {
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
            attempt = await fetch(taker).ConfigureAwait(false) switch
            {
                DownloadEnd.Whole => new Attempt(session!.Complete()),
                DownloadEnd.Ended ended => new Attempt(Give(session, ended.Result)) { AnotherMayHelp = ended.IsOfThisServer, Rest = ended.Rest },
                _ => throw new System.Diagnostics.UnreachableException(),
            };
        }
        catch (Exception fault)
        {
            attempt = new Attempt(Give(session, UpdateResult.Failed($"Update failed: {fault.Message}")));
        }
        finally
        {
            session?.Dispose();
        }
        if (session is null && !begun)
        {
            runner.Watch.EndedBefore(attempt.Result, options.ByItself);
        }
        lock (gate)
        {
            outside = session is null ? (Outcome(tell(attempt.Result)), runner.Status) : null;
        }
        return session is null
            ? attempt
            : attempt with { AnotherMayHelp = attempt.AnotherMayHelp || session.IsDamaged, RunsAlready = session.RunsAlready };
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

    private static UpdateStatus Receiving => new(UpdateStatus.Running, "progress", 0, "receiving");

    private static UpdateStatus Outcome(UpdateResult result) => new(result.Succeeded ? 3 : 2, result.Message, 0, "idle");

    /// <param name="Result">What it came to.</param>
    private sealed record Attempt(UpdateResult Result)
    {
        /// <summary>It failed in a way that another server may not.</summary>
        public bool AnotherMayHelp { get; init; }

        /// <summary>The bundle is the one that runs.</summary>
        public bool RunsAlready { get; init; }

        /// <summary>How long the server asks to be left alone.</summary>
        public TimeSpan? Rest { get; init; }
    }
}
