using Meerkat.Core.Protocol;
using Meerkat.Device.Configuration;
using Meerkat.Device.Updates;

namespace Meerkat.Device.Downloads;

/// <summary>
/// Looks at <c>update.url</c> every <c>update.interval</c> seconds, first one interval after the start. Each pause is up to a tenth
/// longer or shorter, so that devices switched on together do not ask together.
/// </summary>
public sealed class UpdatePolling(ConfigStore config, PulledUpdates pulls, Random random, TimeProvider time, Action<string> log)
{
    private const double Spread = 0.1;

    /// <summary>How often an interval of 0 (never) is looked at again: it may have been changed.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(1);

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var interval = config.Values.WholeNumber("update.interval");
                if (interval == 0)
                {
                    await Task.Delay(LookAgain, time, cancellationToken).ConfigureAwait(false);
                    continue;
                }
                var pause = TimeSpan.FromSeconds(interval * (1 - Spread + (2 * Spread * random.NextDouble())));
                await Task.Delay(pause < Longest ? pause : Longest, time, cancellationToken).ConfigureAwait(false);
                await LookAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The program ends.
        }
    }

    /// <summary>The longest pause that a timer can measure.</summary>
    private static TimeSpan Longest => TimeSpan.FromDays(45);

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var address = config.Values.Text("update.url");
        if (address.Length == 0)
        {
            return;
        }
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            log($"polling: update.url must begin with http:// or https://, found \"{address}\"");
            return;
        }
        var options = new UpdateOptions
        {
            CommitTimeoutSeconds = (int)config.Values.WholeNumber("update.commit_timeout"),
            IgnoreSameVersion = true,
        };
        try
        {
            if (pulls.UpdateIsHeld)
            {
                return;
            }
            switch (pulls.Start(url, options, TimeSpan.FromSeconds(config.Values.WholeNumber("update.timeout"))))
            {
                case PullStart.Started started:
                    await started.End.WaitAsync(cancellationToken).ConfigureAwait(false);
                    break;
                case PullStart.Refused:
                    // Told by whoever refused it.
                    break;
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
        catch (RpcException fault)
        {
            log($"polling: {fault.Message}");
        }
    }
}
