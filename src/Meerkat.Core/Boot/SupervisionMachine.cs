using System.Diagnostics;
using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>
/// What happens between deadline, commit, exit, watchdog and revert. The first of them to be taken wins and is durable
/// before the firmware is ended or a caller answered; what comes after it is refused.
/// </summary>
public static class SupervisionMachine
{
    private static readonly TimeSpan WellRun = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RecordAgain = TimeSpan.FromSeconds(10);

    /// <summary>The first state after a boot decision; its effects start the agent and the firmware.</summary>
    public static SupervisionStep Begin(Supervision supervision, Moment now)
    {
        var next = supervision with
        {
            StartedAt = now.Uptime,
            AgentStartedAt = now.Uptime,
            AgentDownSince = now.Uptime,
            RecordAgainAt = supervision.Unrecorded is null ? null : now.Uptime + RecordAgain,
        };
        if (supervision.Mode == RunMode.Recovery)
        {
            return Step(next, new SupervisionEffect.StartAgent());
        }
        next = next with { Firmware = FirmwarePhase.Starting };
        return supervision.Settings.AgentEmbedded
            ? Step(next, new SupervisionEffect.StartFirmware())
            : Step(next, new SupervisionEffect.StartAgent(), new SupervisionEffect.StartFirmware());
    }

    public static SupervisionStep Take(Supervision now, SupervisionEvent happened, Moment moment) => happened switch
    {
        SupervisionEvent.Requested request => SupervisionRequests.Take(now, request, moment),
        SupervisionEvent.Disconnected gone => now.Lease == gone.Connection
            ? Step(now with { Lease = null }, new SupervisionEffect.RemoveLeftovers())
            : Step(now),
        SupervisionEvent.AllStopped => now.AfterStop is { } after
            ? Step(now, after)
            : Step(now),
        SupervisionEvent.EndAsked => now.Stopping
            ? Step(now with { AfterStop = new SupervisionEffect.End() })
            : StopAll(now, new SupervisionEffect.End()),
        _ when now.Stopping => Step(now),
        SupervisionEvent.FirmwareStartFailed failed => Ended(now, moment, OutcomeCode.StartFailed, 0, failed.Text),
        SupervisionEvent.FirmwareReady => Step(Ready(now, moment)),
        SupervisionEvent.FirmwarePinged => Step(
            now.Firmware is FirmwarePhase.Starting or FirmwarePhase.Ready ? now with { LastPing = moment.Uptime } : now),
        SupervisionEvent.FirmwareExited exited => Exited(now, exited.Status, moment),
        SupervisionEvent.AgentReady => Step(now with { AgentReady = true, StartAgentAgainAt = null }),
        SupervisionEvent.AgentExited exited => AgentExited(now, exited, moment),
        SupervisionEvent.TimePassed => TimePassed(now, moment),
        _ => throw new UnreachableException(),
    };

    /// <summary>What follows when a step's record could not be made durable: nothing waits for it.</summary>
    /// <param name="now">The state before the step.</param>
    /// <param name="refused">The step whose record was not stored.</param>
    /// <param name="problem">The fault, in words.</param>
    public static SupervisionStep NotStored(Supervision now, SupervisionStep refused, string problem)
    {
        var next = now with { RecordProblem = problem, RecordAgainAt = now.RecordAgainAt + RecordAgain };
        var answers = refused.Effects.OfType<SupervisionEffect.Answer>().Select(answer => answer with
        {
            Reply = new BootAnswer(
                BootRefusal.RecordNotWritable, $"the boot record cannot be written: {problem}", now.Record.Sequence),
        });
        // No trial continues without a record; falling back and restarting go on, and the boot sequence decides anew.
        var stop = now.Mode == RunMode.Trial || refused.Next.Stopping;
        return stop && !now.Stopping
            ? Step(
                next with
                {
                    AfterStop = refused.Next.AfterStop ?? new SupervisionEffect.BootAgain(),
                    Unrecorded = now.Mode == RunMode.Trial ? Unrecorded(now, refused, problem) : now.Unrecorded,
                },
                [.. answers, new SupervisionEffect.StopAll()])
            : Step(next, [.. answers]);
    }

    /// <summary>The reason that was to be recorded, or that nothing could be. The boot that follows knows when.</summary>
    private static BootOutcome Unrecorded(Supervision now, SupervisionStep refused, string problem)
    {
        var slot = now.Record.Active;
        return refused.Store?.LastOutcome is { } reason && reason != now.Record.LastOutcome
            ? reason
            : new BootOutcome(
                OutcomeCode.RecordNotWritable, slot, now.Record[slot].Version.Version, 0, TimeSpan.Zero, default, problem,
                now.SettingsChanged, now.Record.TrialStarts);
    }

    internal static SupervisionStep Step(Supervision next, params SupervisionEffect[] effects) => new(next, null, [.. effects]);

    internal static SupervisionStep StopAll(Supervision now, SupervisionEffect after) =>
        Step(now with { AfterStop = after, Firmware = FirmwarePhase.Stopping }, new SupervisionEffect.StopAll());

    /// <summary>Gives the running slot up for the fallback: durable first, then everything is stopped.</summary>
    internal static SupervisionStep FallBack(
        Supervision now, Moment moment, OutcomeCode code, long number, string detail)
    {
        var slot = now.Record.Active;
        var reason = new BootOutcome(
            code, slot, now.Record[slot].Version.Version, number, moment.Uptime - now.StartedAt, moment.Wall, detail,
            now.SettingsChanged, now.Record.TrialStarts);
        var record = now.Record.FallBack(reason);
        var stopped = StopAll(now with { Record = record }, new SupervisionEffect.BootAgain());
        return stopped with { Store = record, Effects = [.. stopped.Effects, new SupervisionEffect.KeepOutput()] };
    }

    internal static SupervisionStep Commit(Supervision now)
    {
        var record = now.Record.Commit();
        var next = now with { Record = record, Mode = RunMode.Committed };
        return new SupervisionStep(next, record, [new SupervisionEffect.KeepCommitted()]);
    }

    private static Supervision Ready(Supervision now, Moment moment) => now.Firmware == FirmwarePhase.Starting
        ? now with { Firmware = FirmwarePhase.Ready, ReadySince = moment.Uptime }
        : now;

    private static SupervisionStep Exited(Supervision now, ExitStatus status, Moment moment) => status.Signal == 0
        ? Ended(now, moment, OutcomeCode.Exited, status.Code, "")
        : Ended(now, moment, OutcomeCode.Signaled, status.Signal, "");

    /// <summary>The firmware ended by itself: a trial is over, a committed firmware is started again.</summary>
    private static SupervisionStep Ended(Supervision now, Moment moment, OutcomeCode code, long number, string detail)
    {
        if (now.Firmware == FirmwarePhase.Absent)
        {
            return Step(now);
        }
        if (now.Settings.AgentEmbedded && UpdateWaits(now))
        {
            return StopAll(now, new SupervisionEffect.BootAgain());
        }
        if (now.CanFallBack)
        {
            return FallBack(now, moment, code, number, detail);
        }
        var ranWell = now.ReadySince is { } since && moment.Uptime - since >= WellRun;
        var crashes = ranWell ? 1 : now.Crashes + 1;
        if (now.Settings.MaxCrashes > 0 && crashes >= now.Settings.MaxCrashes && now.Lease is null && !now.Armed
            && now.Record is { Committed: true, Fallback: not null })
        {
            return FallBack(now, moment, OutcomeCode.TooManyCrashes, crashes, "");
        }
        return Step(now with
        {
            Firmware = FirmwarePhase.Absent,
            ReadySince = null,
            LastPing = null,
            Crashes = crashes,
            StartAgainAt = moment.Uptime + BackOff(crashes),
        });
    }

    private static SupervisionStep AgentExited(Supervision now, SupervisionEvent.AgentExited exited, Moment moment)
    {
        // EX_CONFIG of sysexits.h: the agent says that it can never work with this configuration.
        const int unusableConfiguration = 78;
        if (UpdateWaits(now))
        {
            return StopAll(now, new SupervisionEffect.BootAgain());
        }
        if (now.CanFallBack && exited.Status is { Signal: 0, Code: unusableConfiguration })
        {
            return FallBack(now, moment, OutcomeCode.AgentUnusable, 0, exited.LastWords);
        }
        var ranWell = now.AgentReady && moment.Uptime - now.AgentStartedAt >= WellRun;
        var crashes = ranWell ? 1 : now.AgentCrashes + 1;
        return Step(now with
        {
            AgentReady = false,
            AgentDownSince = now.AgentReady ? moment.Uptime : now.AgentDownSince,
            AgentCrashes = crashes,
            StartAgentAgainAt = moment.Uptime + (crashes == 1 ? TimeSpan.Zero : BackOff(crashes - 1)),
        });
    }

    /// <summary>
    /// An update waits for the restart that its agent asks for after the answer. When the agent ends before that, nobody else would: the
    /// sender was told that the new firmware starts.
    /// </summary>
    private static bool UpdateWaits(Supervision now) => now.Armed && now.Record.MergePending;

    private static SupervisionStep TimePassed(Supervision now, Moment moment)
    {
        bool Due(TimeSpan? deadline) => deadline <= moment.Uptime;

        if (Due(now.CommitDeadline))
        {
            return FallBack(
                now, moment, now.HealthProblem.Length > 0 ? OutcomeCode.HealthFailed : OutcomeCode.NoCommit,
                now.CommitTimeoutSeconds, now.HealthProblem);
        }
        if (Due(now.AgentDeadline))
        {
            return FallBack(now, moment, OutcomeCode.AgentNotReady, Seconds(now.Settings.ReadyTimeout), "");
        }
        if (Due(now.ReadyDeadline))
        {
            return now.CanFallBack
                ? FallBack(now, moment, OutcomeCode.NotReady, Seconds(now.Settings.ReadyTimeout), "")
                : StopFirmware(now);
        }
        if (Due(now.WatchdogDeadline))
        {
            return now.CanFallBack
                ? FallBack(now, moment, OutcomeCode.WatchdogStarved, Seconds(now.Settings.Watchdog), "")
                : StopFirmware(now);
        }
        if (Due(now.AliveAt))
        {
            return Step(Ready(now, moment));
        }
        if (Due(now.CommitsItselfAt))
        {
            return Commit(now);
        }
        if (Due(now.RecordAgainAt))
        {
            return RecordLate(now);
        }
        if (Due(now.StartAgainAt))
        {
            var started = now with { Firmware = FirmwarePhase.Starting, StartedAt = moment.Uptime, StartAgainAt = null };
            return Step(started, new SupervisionEffect.StartFirmware());
        }
        if (Due(now.StartAgentAgainAt))
        {
            var started = now with { AgentStartedAt = moment.Uptime, StartAgentAgainAt = null };
            return Step(started, new SupervisionEffect.StartAgent());
        }
        return Step(now);
    }

    /// <summary>The boot could not record that it left a slot; unless that was settled meanwhile it is recorded now.</summary>
    private static SupervisionStep RecordLate(Supervision now)
    {
        var next = now with { Unrecorded = null, RecordAgainAt = null };
        if (now is not { Unrecorded: { } reason, Running: { } running } || now.Record.Fallback != running || reason.Slot == running)
        {
            return Step(next);
        }
        var record = now.Record.FallBack(reason);
        return new SupervisionStep(next with { Record = record }, record, [new SupervisionEffect.RemoveLeftovers()]);
    }

    private static SupervisionStep StopFirmware(Supervision now) =>
        Step(now with { Firmware = FirmwarePhase.Stopping, ReadySince = null, LastPing = null }, new SupervisionEffect.StopFirmware());

    private static TimeSpan BackOff(int crashes)
    {
        var seconds = Math.Pow(2, Math.Min(crashes - 1, 10));
        var wait = TimeSpan.FromSeconds(seconds);
        return wait < SupervisionSettings.LongestBackOff ? wait : SupervisionSettings.LongestBackOff;
    }

    private static long Seconds(TimeSpan span) => (long)span.TotalSeconds;
}
