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
            BootRequest.Commit => Commit(now, asked),
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
                $"an update to slot {now.Record.Active} waits for the restart; restart, or revert to cancel it");
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
        if (now.Lease != asked.Connection || now.Record[request.Slot].State != SlotState.Empty
            || request.Slot != Target(now))
        {
            return Refuse(
                now, asked, BootRefusal.NotInvalidated,
                $"slot {request.Slot} was not invalidated by this installation; begin the update again");
        }
        if (request.CommitTimeoutSeconds is < 0 or > MaxCommitTimeoutSeconds)
        {
            return Refuse(
                now, asked, BootRefusal.BadRequest,
                $"commit_timeout must be 0 to {MaxCommitTimeoutSeconds} seconds, not {request.CommitTimeoutSeconds}");
        }
        var record = now.Record.Arm(
            request.Slot, request.Installed, now.Running, request.CommitTimeoutSeconds, now.Settings.TrialAttempts,
            merge: true);
        return Done(now with { Record = record, Lease = null, ArmedInRecovery = now.Running is null }, record, asked);
    }

    private static SupervisionStep Commit(Supervision now, SupervisionEvent.Requested asked)
    {
        if (now.Armed)
        {
            return Refuse(
                now, asked, BootRefusal.NotRunningYet,
                $"the new firmware in slot {now.Record.Active} is not running yet; commit it after the restart");
        }
        if (now.Record.Committed || now.Mode != RunMode.Trial)
        {
            return Refuse(now, asked, BootRefusal.AlreadyCommitted, "already committed; there is nothing to commit");
        }
        var committed = SupervisionMachine.Commit(now);
        return committed with { Effects = [Answer(asked, committed.Next.Record), .. committed.Effects] };
    }

    private static SupervisionStep Revert(Supervision now, SupervisionEvent.Requested asked, Moment moment)
    {
        if (now.Armed && now.Running is { } running)
        {
            var record = now.Record.CancelArm(running);
            return Done(now with { Record = record }, record, asked);
        }
        if (now.Armed)
        {
            return Refuse(
                now, asked, BootRefusal.NotRunningYet,
                $"there is nothing to go back to; restart to try the new firmware in slot {now.Record.Active}");
        }
        if (!now.CanFallBack)
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

    private static SupervisionStep Done(Supervision next, BootRecord record, SupervisionEvent.Requested asked) =>
        new(next, record, [Answer(asked, record)]);

    private static SupervisionStep Refuse(
        Supervision now, SupervisionEvent.Requested asked, BootRefusal why, FormattableString text) =>
        Refuse(now, asked, why, FormattableString.Invariant(text));

    private static SupervisionStep Refuse(Supervision now, SupervisionEvent.Requested asked, BootRefusal why, string text) =>
        SupervisionMachine.Step(
            now, new SupervisionEffect.Answer(asked.Id, new BootAnswer(why, text, now.Record.Sequence)));
}
