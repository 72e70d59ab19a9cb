using System.Diagnostics;
using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>What the agent asks for, and whether it gets it.</summary>
internal static class SupervisionRequests
{
    public const int MaxCommitTimeoutSeconds = 604800;

    public static SupervisionStep Take(Supervision now, SupervisionEvent.Requested asked, Moment moment)
    {
        if (now.Stopping)
        {
            return Refuse(now, asked, BootRefusal.Stopping, "the device is restarting; ask again when it is back");
        }
        if (asked.Request.Sequence is { } sequence && sequence != now.Record.Sequence)
        {
            return Refuse(
                now, asked, BootRefusal.RecordMoved,
                $"the boot record has moved from {sequence} to {now.Record.Sequence}; read the status and decide again");
        }
        return asked.Request switch
        {
            BootRequest.Invalidate request => Invalidate(now, asked, request),
            BootRequest.Arm request => Arm(now, asked, request),
            BootRequest.Hold request => Hold(now, asked, request),
            BootRequest.Activate request => Activate(now, asked, request),
            BootRequest.KeepSnapshot request => KeepSnapshot(now, asked, request),
            BootRequest.SetState request => BootStateRequests.Take(now, asked, request),
            BootRequest.Commit => Commit(now, asked),
            BootRequest.Health request => Health(now, asked, request, moment),
            BootRequest.Revert => Revert(now, asked, moment),
            BootRequest.Restart request => Restart(now, asked, request, moment),
            _ => throw new UnreachableException(),
        };
    }

    private static SupervisionStep Invalidate(
        Supervision now, SupervisionEvent.Requested asked, BootRequest.Invalidate request)
    {
        if (now.Lease is { } lease && lease != asked.Connection)
        {
            return Refuse(now, asked, BootRefusal.UpdateRunning, "another update is in progress");
        }
        if (now.Armed)
        {
            return Refuse(
                now, asked, BootRefusal.NotRunningYet,
                $"slot {now.Record.Active} waits for the restart; restart, or revert to cancel it");
        }
        if (now.Mode != RunMode.Recovery && !now.Record.Committed)
        {
            return Refuse(
                now, asked, BootRefusal.NotCommitted,
                "the previous update has not been committed yet; commit or revert it first");
        }
        var target = Target(now);
        if (request.Slot != target)
        {
            return Refuse(
                now, asked, BootRefusal.WrongSlot,
                $"slot {request.Slot} cannot be written; the update goes into slot {target}");
        }
        if (now.Running is { } running && !request.RunningIntact && now.Record[target].MayStart)
        {
            return Refuse(
                now, asked, BootRefusal.OnlyIntactSlot,
                $"the image of the running slot {running} is damaged and slot {target} is the only intact one; restart first");
        }
        var record = now.Record.Invalidate(target);
        return Done(now with { Record = record, Lease = asked.Connection }, record, asked);
    }

    private static SupervisionStep Arm(Supervision now, SupervisionEvent.Requested asked, BootRequest.Arm request)
    {
        if (Obstacle(now, asked, request.Slot, request.CommitTimeoutSeconds) is { } refused)
        {
            return refused;
        }
        var record = now.Record.Arm(
            request.Slot, request.Installed, now.Running, request.CommitTimeoutSeconds, now.Settings.TrialAttempts,
            merge: true);
        return Done(now with { Record = record, Lease = null, ArmedInRecovery = now.Running is null }, record, asked);
    }

    private static SupervisionStep Hold(Supervision now, SupervisionEvent.Requested asked, BootRequest.Hold request)
    {
        if (Obstacle(now, asked, request.Slot, request.CommitTimeoutSeconds) is { } refused)
        {
            return refused;
        }
        if (!now.Record.Committed)
        {
            // Only in recovery: there is no good firmware that could go on running in the meantime.
            return Refuse(
                now, asked, BootRefusal.NotCommitted,
                "no firmware runs that could go on running meanwhile, so no update can wait; install it when it may start at once");
        }
        var record = now.Record.Hold(request.Slot, request.Installed, request.CommitTimeoutSeconds, request.ActivatesItself);
        return Done(now with { Record = record, Lease = null }, record, asked);
    }

    private static SupervisionStep Activate(Supervision now, SupervisionEvent.Requested asked, BootRequest.Activate request)
    {
        if (now.Lease is not null)
        {
            return Refuse(now, asked, BootRefusal.UpdateRunning, "an update is in progress; wait for its end");
        }
        if (now.Held is not { } held)
        {
            return Refuse(now, asked, BootRefusal.NothingHeld, now.Armed
                ? "an installed update is activated already and waits for the restart"
                : "there is no installed update to activate; install one with activate false first");
        }
        if (TimeoutProblem(now, asked, request.CommitTimeoutSeconds ?? 0) is { } refused)
        {
            return refused;
        }
        var record = now.Record.Arm(
            held, now.Record[held], now.Running, request.CommitTimeoutSeconds ?? now.Record.CommitTimeoutSeconds,
            now.Settings.TrialAttempts, merge: true);
        return Done(now with { Record = record, ArmedInRecovery = now.Running is null }, record, asked);
    }

    private static SupervisionStep KeepSnapshot(
        Supervision now, SupervisionEvent.Requested asked, BootRequest.KeepSnapshot request)
    {
        if (Obstacle(now, asked, request.Slot, request.CommitTimeoutSeconds) is { } refused)
        {
            return refused;
        }
        if (now.Running is null || !now.Record.Committed)
        {
            return Refuse(now, asked, BootRefusal.NotCommitted, "only a committed firmware that runs can be kept");
        }
        var record = now.Record.KeepSnapshot(request.Slot, request.Trial, request.CommitTimeoutSeconds);
        return Done(now with { Record = record, Lease = null }, record, asked);
    }

    /// <summary>What stands in the way of ending an installation; none when nothing does.</summary>
    private static SupervisionStep? Obstacle(
        Supervision now, SupervisionEvent.Requested asked, SlotId slot, int commitTimeoutSeconds) =>
        now.Lease != asked.Connection || now.Record[slot].State != SlotState.Empty || slot != Target(now)
            ? Refuse(
                now, asked, BootRefusal.NotInvalidated,
                $"slot {slot} was not invalidated by this installation; begin the update again")
            : TimeoutProblem(now, asked, commitTimeoutSeconds);

    internal static SupervisionStep? TimeoutProblem(Supervision now, SupervisionEvent.Requested asked, int seconds) =>
        seconds is < 0 or > MaxCommitTimeoutSeconds
            ? Refuse(
                now, asked, BootRefusal.BadRequest, $"commit_timeout must be 0 to {MaxCommitTimeoutSeconds} seconds, not {seconds}")
            : null;

    private static SupervisionStep Commit(Supervision now, SupervisionEvent.Requested asked)
    {
        if (now.Armed)
        {
            return Refuse(
                now, asked, BootRefusal.NotRunningYet,
                $"the new firmware in slot {now.Record.Active} is not running yet; commit it after the restart");
        }
        if (now.Record.Committed || now.Running is null)
        {
            return Refuse(now, asked, BootRefusal.AlreadyCommitted, "already committed; there is nothing to commit");
        }
        var committed = SupervisionMachine.Commit(now);
        return committed with { Effects = [Answer(asked, committed.Next.Record), .. committed.Effects] };
    }

    /// <summary>Kept for the reason of a fall back, which the boot loader decides: the agent may hang when the time is over.</summary>
    private static SupervisionStep Health(
        Supervision now, SupervisionEvent.Requested asked, BootRequest.Health request, Moment moment)
    {
        if (now.Mode != RunMode.Trial)
        {
            return Refuse(now, asked, BootRefusal.AlreadyCommitted, "already committed; there is no trial");
        }
        if (!request.Final || !now.CanFallBack)
        {
            var told = now with { HealthProblem = request.Problem };
            return SupervisionMachine.Step(told, Answer(asked, now.Record));
        }
        var fallen = SupervisionMachine.FallBack(now, moment, OutcomeCode.HealthFailed, 0, request.Problem);
        return fallen with { Effects = [Answer(asked, fallen.Next.Record), .. fallen.Effects] };
    }

    private static SupervisionStep Revert(Supervision now, SupervisionEvent.Requested asked, Moment moment)
    {
        if (now.Armed && now.Running is { } running)
        {
            var record = now.Record.Cancel(running);
            return Done(now with { Record = record }, record, asked);
        }
        if (now.Held is { } held)
        {
            if (now.Lease is not null)
            {
                return Refuse(now, asked, BootRefusal.UpdateRunning, "an update is in progress; wait for its end");
            }
            var record = now.Record.Cancel(held.Other);
            return Done(now with { Record = record }, record, asked);
        }
        if (now is { Mode: RunMode.Committed, Record.Committed: false, Armed: false })
        {
            var record = now.Record.CancelTrial();
            return Done(now with { Record = record }, record, asked);
        }
        if (now.Armed)
        {
            return Refuse(
                now, asked, BootRefusal.NotRunningYet,
                $"there is nothing to go back to; restart to try the new firmware in slot {now.Record.Active}");
        }
        if (now.Record.Committed || now.Running is null || now.Record.Fallback is null)
        {
            return Refuse(now, asked, BootRefusal.AlreadyCommitted, now.Mode == RunMode.Trial
                ? "there is no other firmware to go back to; commit this one"
                : "already committed; there is nothing to revert");
        }
        var fallen = SupervisionMachine.FallBack(now, moment, OutcomeCode.Reverted, 0, "");
        return fallen with { Effects = [Answer(asked, fallen.Next.Record), .. fallen.Effects] };
    }

    private static SupervisionStep Restart(
        Supervision now, SupervisionEvent.Requested asked, BootRequest.Restart request, Moment moment)
    {
        if (now.Lease is { } lease && lease != asked.Connection && !request.Force)
        {
            return Refuse(now, asked, BootRefusal.UpdateRunning, "an update is in progress; wait for its end");
        }
        if (now.CanFallBack && !request.Force)
        {
            return Refuse(
                now, asked, BootRefusal.TrialRunning, "a restart would undo the update; commit or revert first");
        }
        var stopped = now.CanFallBack
            ? SupervisionMachine.FallBack(now, moment, OutcomeCode.RestartForced, 0, "")
            : SupervisionMachine.StopAll(now, new SupervisionEffect.BootAgain());
        return stopped with { Effects = [Answer(asked, stopped.Next.Record), .. stopped.Effects] };
    }

    /// <summary>An update goes into the slot that does not run; in recovery, into the one that was not last active.</summary>
    private static SlotId Target(Supervision now) => (now.Running ?? now.Record.Active).Other;

    private static SupervisionEffect.Answer Answer(SupervisionEvent.Requested asked, BootRecord record) =>
        new(asked.Id, new BootAnswer(BootRefusal.None, "", record.Sequence));

    internal static SupervisionStep Done(Supervision next, BootRecord record, SupervisionEvent.Requested asked) =>
        new(next, record, [Answer(asked, record)]);

    internal static SupervisionStep Refuse(
        Supervision now, SupervisionEvent.Requested asked, BootRefusal why, FormattableString text) =>
        Refuse(now, asked, why, FormattableString.Invariant(text));

    internal static SupervisionStep Refuse(Supervision now, SupervisionEvent.Requested asked, BootRefusal why, string text) =>
        SupervisionMachine.Step(
            now, new SupervisionEffect.Answer(asked.Id, new BootAnswer(why, text, now.Record.Sequence)));
}
