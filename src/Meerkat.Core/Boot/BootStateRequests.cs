using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>Setting by hand what the next boot does, within what keeps a device coming back.</summary>
internal static class BootStateRequests
{
    public static SupervisionStep Take(Supervision now, SupervisionEvent.Requested asked, BootRequest.SetState request)
    {
        var change = request.Change;
        var record = now.Record;
        if (change.IsEmpty)
        {
            return SupervisionRequests.Refuse(
                now, asked, BootRefusal.BadRequest,
                "nothing to set: expected active_slot, revert_slot, is_committed or commit_timeout");
        }
        if (SupervisionRequests.TimeoutProblem(now, asked, change.CommitTimeoutSeconds ?? 0) is { } outOfRange)
        {
            return outOfRange;
        }
        if (now.Lease is not null)
        {
            return SupervisionRequests.Refuse(now, asked, BootRefusal.UpdateRunning, "an update is in progress; wait for its end");
        }
        if (now.Armed && record.MergePending)
        {
            return SupervisionRequests.Refuse(
                now, asked, BootRefusal.NotRunningYet,
                $"an update in slot {record.Active} waits for the restart; restart, or revert to cancel it");
        }
        if (now.Mode == RunMode.Trial && !record.Committed)
        {
            if (!change.IsTimeoutAlone)
            {
                return SupervisionRequests.Refuse(
                    now, asked, BootRefusal.TrialRunning, "a trial runs; commit or revert it first (commit_timeout alone may be set)");
            }
            return Store(now, asked, record with
            {
                Sequence = record.Sequence + 1,
                CommitTimeoutSeconds = change.CommitTimeoutSeconds ?? record.CommitTimeoutSeconds,
            });
        }
        if (request.Unbootable.Length > 0)
        {
            return SupervisionRequests.Refuse(now, asked, BootRefusal.NotBootable, request.Unbootable);
        }
        var active = change.Active ?? record.Active;
        var committed = change.Committed ?? record.Committed;
        if (change is { SetsFallback: true, Fallback: { } named })
        {
            if (named == active)
            {
                return SupervisionRequests.Refuse(
                    now, asked, BootRefusal.BadRequest,
                    $"slot {active} cannot be its own fallback; name the other slot, or -1 for none");
            }
            if (record[named].State != SlotState.Committed)
            {
                return SupervisionRequests.Refuse(
                    now, asked, BootRefusal.NotCommitted,
                    $"slot {named} has never been committed and cannot be the fallback: a fall back gives no trial");
            }
        }
        if (record.Held is { } held && (active != record.Active || !committed))
        {
            return SupervisionRequests.Refuse(
                now, asked, BootRefusal.UpdateHeld,
                $"an installed update waits in slot {held}, and has to be merged before it runs; activate it, or revert to discard it");
        }
        if (change.Active is not null && record[active].State != SlotState.Committed)
        {
            return SupervisionRequests.Refuse(
                now, asked, BootRefusal.NotBootable, $"slot {active} cannot be started: it holds nothing that was ever committed");
        }
        if (committed && record[active].State != SlotState.Committed)
        {
            return SupervisionRequests.Refuse(
                now, asked, BootRefusal.NotCommitted,
                $"slot {active} has never been committed; set is_committed to false, and it gets a trial");
        }
        var fallback = change.SetsFallback ? change.Fallback
            : active == record.Active ? record.Fallback
            : record[record.Active].State == SlotState.Committed ? record.Active
            : (SlotId?)null;
        var timeout = change.CommitTimeoutSeconds ?? record.CommitTimeoutSeconds;
        return Store(now, asked, active == record.Active && record.Held is not null && committed
            ? record with { Sequence = record.Sequence + 1, Fallback = fallback, CommitTimeoutSeconds = timeout }
            : record.Set(active, fallback, committed, timeout));
    }

    private static SupervisionStep Store(Supervision now, SupervisionEvent.Requested asked, BootRecord record) =>
        SupervisionRequests.Done(now with { Record = record }, record, asked);
}
