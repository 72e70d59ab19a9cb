using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Watching;

/// <summary>Tells what has changed from one look at a device to the next.</summary>
internal sealed class DeviceHistory
{
    private const int ProgressStepPercent = 10;

    /// <summary>Uptimes are whole seconds, and a call takes its time.</summary>
    private static readonly TimeSpan UptimeTolerance = TimeSpan.FromSeconds(2);

    private (TimeSpan At, double Uptime)? lastUptime;
    private bool away;

    /// <summary>What the device told last; null before its first answer.</summary>
    public OtaStatus? Last { get; private set; }

    public int Restarts { get; private set; }

    /// <summary>Takes a look.</summary>
    /// <param name="status">Null when the device did not answer.</param>
    /// <param name="uptime">Seconds, where the device tells.</param>
    /// <param name="at">When it was taken, on a clock that only goes on.</param>
    /// <param name="wall">The same for people.</param>
    /// <returns>What has changed, the cause before its effect.</returns>
    public IReadOnlyList<DeviceChange> Take(OtaStatus? status, double? uptime, TimeSpan at, DateTimeOffset wall)
    {
        var kinds = new List<ChangeKind>();
        if (status is null)
        {
            if (!away)
            {
                kinds.Add(ChangeKind.Away);
            }
            away = true;
        }
        else
        {
            Compare(status, uptime, at, kinds);
            away = false;
            Last = status;
            lastUptime = uptime is { } seconds ? (at, seconds) : lastUptime;
        }
        return [.. kinds.Select(kind => new DeviceChange(kind, wall, Last, Restarts))];
    }

    private void Compare(OtaStatus status, double? uptime, TimeSpan at, List<ChangeKind> kinds)
    {
        if (away && Last is not null)
        {
            kinds.Add(ChangeKind.Back);
        }
        if (Last is { } before)
        {
            var fellBack = status.Reason is { } reason && reason.IsNewerThan(before.Reason);
            if (HasRestarted(uptime, at) || before.RunningSlot != status.RunningSlot || fellBack)
            {
                Restarts++;
                kinds.Add(ChangeKind.Restart);
            }
            if (fellBack || (status.PhaseWord == "recovery" && before.PhaseWord != "recovery"))
            {
                kinds.Add(ChangeKind.FellBack);
            }
            if (status.HasFailed && !before.HasFailed)
            {
                kinds.Add(ChangeKind.Failed);
            }
        }
        if (Last is null || Shown(Last) != Shown(status))
        {
            kinds.Add(ChangeKind.State);
        }
    }

    /// <summary>A device that was not restarted has been up for as much longer as time has passed.</summary>
    private bool HasRestarted(double? uptime, TimeSpan at) =>
        lastUptime is { } last && uptime is { } now
        && TimeSpan.FromSeconds(now) < TimeSpan.FromSeconds(last.Uptime) + (at - last.At) - UptimeTolerance;

    private static (string, string?, int?, int?, bool, bool?, int, string?) Shown(OtaStatus status) => (
        status.PhaseWord,
        status.Version,
        status.RunningSlot,
        status.ActiveSlot,
        status.IsCommitted,
        status.Ready,
        StatusWords.IsUpdating(status) ? (int)((status.Progress ?? 0) / ProgressStepPercent) : 0,
        status is { IsCommitted: false, Health: { IsWaiting: true } health } ? health.Count + health.Problem : null);
}
