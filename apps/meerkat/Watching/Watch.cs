using System.Diagnostics;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Rpc;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Watching;

/// <summary>Looks at a device again and again, through its restarts, and shows what it sees.</summary>
internal sealed class Watch(RemoteDevice device)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    private readonly DeviceHistory history = new();

    /// <summary>Looks until <paramref name="goal"/> is reached, or until it is cancelled.</summary>
    /// <param name="goal">Null for ever.</param>
    /// <param name="show">Told at every look: what the device told last, and what has changed.</param>
    /// <param name="cancellationToken">Stops looking; the device goes on.</param>
    /// <returns>An exit code: 3 when the device fell back before the goal.</returns>
    /// <exception cref="ToolException">
    /// The device was out of reach from the beginning, knows no updates, or an update failed while a goal was waited for.
    /// </exception>
    public async Task<int> RunAsync(WatchGoal? goal, Action<DeviceHistory, IReadOnlyList<DeviceChange>> show, CancellationToken cancellationToken)
    {
        try
        {
            // The first look is a plain call: a wrong address is an error, not a device that is away.
            await device.CallAsync("OTA.Status", null, cancellationToken);
        }
        catch (RpcTransportException) when (goal is not null)
        {
            // Who waits for something has perhaps just restarted it.
        }
        using var timer = new PeriodicTimer(Interval);
        while (true)
        {
            var (status, uptime) = await LookAsync(cancellationToken);
            var changes = history.Take(status, uptime, Stopwatch.GetElapsedTime(0), TimeProvider.System.GetUtcNow());
            show(history, changes);
            if (goal is not null)
            {
                if (changes.Any(change => change.Kind == ChangeKind.FellBack) && !goal.IsRecovery)
                {
                    return ExitCode.FellBack;
                }
                if (changes.FirstOrDefault(change => change.Kind == ChangeKind.Failed) is { } failed)
                {
                    throw new ToolException($"the update failed: {failed.Status?.Message}");
                }
                if (status is not null && goal.IsReached(status))
                {
                    return ExitCode.Done;
                }
            }
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private async Task<(OtaStatus? Status, double? Uptime)> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            var status = await device.AskAsync("OTA.Status", CallTimeout, cancellationToken) as JsonObject;
            return status is null ? (null, null) : (OtaStatus.Read(status), await UptimeAsync(cancellationToken));
        }
        catch (Exception e) when (e is RpcTransportException or RpcException)
        {
            // Away, or answering with 418 before its restart.
            return (null, null);
        }
    }

    private async Task<double?> UptimeAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await device.AskAsync("Sys.GetInfo", CallTimeout, cancellationToken))?["uptime"].Number;
        }
        catch (Exception e) when (e is RpcTransportException or RpcException)
        {
            return null;
        }
    }
}
