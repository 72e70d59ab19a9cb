using System.Collections.Immutable;
using System.Threading.Channels;
using Meerkat.Core.Protocol;
using Meerkat.Core.Updates;
using Meerkat.Device.Configuration;
using Meerkat.Device.Updates;

namespace Meerkat.Device.Downloads;

/// <summary>
/// Looks at <c>update.url</c> every <c>update.interval</c> seconds, first somewhere within one interval after the start or a change of
/// these settings (see <see cref="PollPause"/>).
/// </summary>
public sealed class UpdatePolling
{
    /// <summary>The longest pause that a timer can measure.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(45);

    private readonly ConfigStore config;
    private readonly PulledUpdates pulls;
    private readonly Random random;
    private readonly TimeProvider time;
    private readonly Action<string> log;
    private readonly Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile PollStatus status = PollStatus.None;
    private long pauseBegun;

    /// <param name="config">The settings in force; a change of them is seen at once.</param>
    /// <param name="pulls">Fetches.</param>
    /// <param name="random">Spreads devices over time.</param>
    /// <param name="time">Measures the pauses.</param>
    /// <param name="log">Takes one line an event.</param>
    public UpdatePolling(ConfigStore config, PulledUpdates pulls, Random random, TimeProvider time, Action<string> log)
    {
        this.config = config;
        this.pulls = pulls;
        this.random = random;
        this.time = time;
        this.log = log;
        config.Changed += (_, _) => changes.Writer.TryWrite(true);
    }

    public PollStatus Status
    {
        get
        {
            var now = status;
            return now.NextIn is { } pause
                ? now with { NextIn = pause - time.GetElapsedTime(Interlocked.Read(ref pauseBegun)) is { Ticks: > 0 } left ? left : TimeSpan.Zero }
                : now;
        }
    }

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var wish = Wish.Of(config);
                status = PollStatus.None with { Url = wish.Shown };
                if (wish.Problem.Length > 0)
                {
                    log($"polling: update.url {wish.Problem}");
                }
                if (wish.IsToLook)
                {
                    await LookAgainAndAgainAsync(wish, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    await changes.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The program ends.
        }
    }

    /// <summary>Until the settings are others.</summary>
    private async Task LookAgainAndAgainAsync(Wish wish, CancellationToken cancellationToken)
    {
        var pause = PollPause.First(wish.Interval, random.NextDouble());
        while (await PassesAsync(pause, wish, cancellationToken).ConfigureAwait(false))
        {
            var failures = status.Failures;
            if (await LookAsync(wish, cancellationToken).ConfigureAwait(false) is { } result)
            {
                failures = result.Succeeded || result.IsNotNow ? 0 : failures + 1;
                status = status with { Last = result, LastTime = time.GetUtcNow(), Failures = failures };
            }
            // While at least one address may be asked, its turn comes as usual; the others are left out.
            pause = PollPause.Next(wish.Interval, failures, wish.Addresses.Min(pulls.RestLeft), random.NextDouble());
        }
    }

    /// <summary>Waits; false: the settings are others now.</summary>
    private async Task<bool> PassesAsync(TimeSpan pause, Wish wish, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        Interlocked.Exchange(ref pauseBegun, begun);
        status = status with { NextIn = pause };
        while (pause - time.GetElapsedTime(begun) is { Ticks: > 0 } left)
        {
            await WaitAsync(left < LongestTimer ? left : LongestTimer, cancellationToken).ConfigureAwait(false);
            if (!Wish.Of(config).Equals(wish))
            {
                return false;
            }
        }
        status = status with { NextIn = null };
        return true;
    }

    /// <summary>Ends early when a setting changes.</summary>
    private async Task WaitAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // A timer knows whole milliseconds and must not end before its time.
        var timer = Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(pause.TotalMilliseconds)), time, over.Token);
        await Task.WhenAny(timer, changes.Reader.WaitToReadAsync(over.Token).AsTask()).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        changes.Reader.TryRead(out _);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>None when this was no moment to look.</summary>
    private async Task<UpdateResult?> LookAsync(Wish wish, CancellationToken cancellationToken)
    {
        var options = new UpdateOptions
        {
            CommitTimeoutSeconds = (int)config.Values.WholeNumber("update.commit_timeout"),
            IgnoreSameVersion = true,
            ByItself = true,
        };
        try
        {
            ImmutableArray<Uri> addresses = [.. wish.Addresses.Where(address => pulls.RestLeft(address) == TimeSpan.Zero)];
            return addresses.Length > 0 && pulls.Hindrance is null
                && pulls.Start(addresses, options, TimeSpan.FromSeconds(config.Values.WholeNumber("update.timeout"))) is PullStart.Started started
                ? await started.End.WaitAsync(cancellationToken).ConfigureAwait(false)
                : null;
        }
        catch (RpcException fault)
        {
            log($"polling: {fault.Message}");
            return null;
        }
    }

    /// <summary>What the settings ask for.</summary>
    private sealed record Wish(string Url, TimeSpan Interval, string Problem)
    {
        public ImmutableArray<Uri> Addresses { get; private init; } = [];

        public bool IsToLook => Interval > TimeSpan.Zero && Addresses.Length > 0;

        public string Shown => IsToLook ? string.Join(' ', Addresses.Select(BundleAddresses.Shown)) : "";

        public static Wish Of(ConfigStore config)
        {
            var url = config.Values.Text("update.url");
            var interval = TimeSpan.FromSeconds(config.Values.WholeNumber("update.interval"));
            return BundleAddresses.Parse(url) switch
            {
                BundleAddresses.Found found => new Wish(url, interval, "") { Addresses = found.Addresses },
                BundleAddresses.Rejected rejected => new Wish(url, interval, interval > TimeSpan.Zero ? rejected.Reason : ""),
                _ => throw new System.Diagnostics.UnreachableException(),
            };
        }

        public bool Equals(Wish? other) => other is not null && Url == other.Url && Interval == other.Interval;

        public override int GetHashCode() => HashCode.Combine(Url, Interval);
    }
}
