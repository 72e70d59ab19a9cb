using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Rpc;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Updates;

/// <summary>Follows an accepted update through the restart, and commits it when asked.</summary>
/// <param name="device">The device.</param>
/// <param name="before">Its status before the update was sent.</param>
/// <param name="uptimeBefore">Its uptime then, in seconds; null when it does not tell.</param>
/// <param name="say">Told what is waited for, once per change.</param>
internal sealed class UpdateWatch(RemoteDevice device, OtaStatus before, double? uptimeBefore, Action<string> say)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    private bool restarted;
    private bool pending;
    private string? lastSaid;

    /// <summary>Polls until the update has ended, or is in a trial that waits for a commit by the user.</summary>
    /// <param name="commit">Commit as soon as the new firmware is ready.</param>
    /// <param name="limit">How long the device may take.</param>
    /// <param name="cancellationToken">Stops looking; the device goes on.</param>
    /// <exception cref="ToolException">The limit was reached.</exception>
    public async Task<(UpdateVerdict Verdict, OtaStatus Status)> FollowAsync(
        bool commit, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(limit);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (true)
            {
                var status = await TryReadAsync(either.Token);
                var verdict = status is null
                    ? new UpdateVerdict.Waiting("the restart")
                    : UpdateVerdict.Judge(before, status, restarted || (pending && status.RunningSlot is not null));
                switch (verdict)
                {
                    case UpdateVerdict.Waiting(var what):
                        pending = true;
                        Say(what);
                        break;
                    case UpdateVerdict.InTrial when commit:
                        await TryCommitAsync(either.Token);
                        break;
                    case UpdateVerdict.InTrial when status is { Health: { IsWaiting: true } health }:
                        Say(health.Problem.Length > 0 ? $"the health contract: {health.Problem}" : "the health contract");
                        break;
                    case UpdateVerdict.InTrial when status is { CommitTimeout: 0, DeadlineLeft: null }:
                        Say("the new firmware to commit itself");
                        break;
                    default:
                        return (verdict, status!);
                }
                await timer.WaitForNextTickAsync(either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ToolException(
                $"gave up waiting for {lastSaid ?? "the device"} after {limit.TotalSeconds:0} s; "
                + $"look again with: meerkat status --port {device.Address}");
        }
    }

    private async Task<OtaStatus?> TryReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var json = await device.AskAsync("OTA.Status", CallTimeout, cancellationToken) as JsonObject;
            if (json is null)
            {
                return null;
            }
            var status = OtaStatus.Read(json);
            if (status.RunningSlot is null && !restarted)
            {
                restarted = await HasRestartedAsync(cancellationToken);
            }
            return status;
        }
        catch (RpcTransportException)
        {
            restarted |= pending;
            return null;
        }
        catch (RpcException)
        {
            // 418 before the restart, and whatever a device says while it starts.
            return null;
        }
    }

    private async Task<bool> HasRestartedAsync(CancellationToken cancellationToken)
    {
        var info = await device.TryCallAsync("Sys.GetInfo", cancellationToken);
        return uptimeBefore is { } earlier && Uptime(info) is { } now && now < earlier;
    }

    /// <summary>
    /// A refusal is no end: the deadline may just have passed, or the firmware has committed itself. The next status tells.
    /// </summary>
    private async Task TryCommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await device.AskAsync("OTA.Commit", CallTimeout, cancellationToken);
        }
        catch (Exception e) when (e is RpcException or RpcTransportException)
        {
            Say($"the commit, which the device did not take: {e.Message}");
        }
    }

    public static double? Uptime(JsonObject? info) =>
        info?["uptime"].Number;

    private void Say(string what)
    {
        if (what != lastSaid)
        {
            lastSaid = what;
            say($"waiting for {what}");
        }
    }
}
