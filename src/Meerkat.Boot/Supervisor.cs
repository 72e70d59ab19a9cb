using System.Runtime.InteropServices;
using Meerkat.Boot.Link;
using Meerkat.Boot.Log;
using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// The boot loader's life: boot sequence, start, supervision, and again. Events of all threads go through one queue and
/// are taken one at a time by the thread that runs <see cref="Run"/>; it alone writes the boot record and starts processes.
/// </summary>
public sealed class Supervisor : IDisposable
{
    private readonly DeviceRoot device;
    private readonly Action<string> log;
    private readonly BootRecordStore records;
    private readonly SlotStore slots;
    private readonly BootSequence sequence;
    private readonly DeviceProcesses processes;
    private readonly UserId user;
    private readonly string agentProgram;
    private readonly EventQueue queue = new();
    private readonly LinkCallers callers;
    private readonly TimeProvider clock;
    private readonly NotifySender notify;
    private readonly ConsoleOutput console;
    private readonly ConsoleOutput errors;

    // Read by callers of the boot socket in their own threads; replaced whole by the supervising one.
    private volatile Supervision now;
    private DeviceProcess? firmware;
    private DeviceProcess? agent;
    private SupervisionEffect? next;

    /// <exception cref="BootRefusedException">The board names a user or an agent that is not there.</exception>
    public Supervisor(
        DeviceRoot device,
        Guid kernelBootId,
        TimeProvider clock,
        ConsoleOutput console,
        ConsoleOutput errors,
        Action<string> log)
    {
        this.device = device;
        this.console = console;
        this.errors = errors;
        this.clock = clock;
        this.log = log;
        notify = NotifySender.FromEnvironment(clock);
        records = new BootRecordStore(device.Volume);
        var steady = new SteadyVolume(device.Volume, notify.Ping);
        slots = new SlotStore(steady);
        sequence = new BootSequence(steady, records, slots, kernelBootId, log);
        user = FirmwareUser.Of(device);
        if (device.Board.AgentEmbedded && FirmwareUser.IsOther(user))
        {
            throw new BootRefusedException(
                $"{device.Path}/board.json: with \"agent\": \"embedded\" the firmware writes the other slot, so it must run as the boot "
                + $"loader's own user, not as {device.Board.User}; change \"user\", or set \"agent\" to \"separate\"");
        }
        agentProgram = AgentProgram.Find(device.Board);
        processes = new DeviceProcesses(
            device.Volume, device.Path, (process, status) => queue.Add(() => ProcessEnded(process, status)), notify.Ping);
        now = Before();
        // In its callers' threads, and so without the pings that tell of this one.
        callers = new LinkCallers(
            new SlotStore(device.Volume), clock, queue, () => now, () => BootStatusView.Of(now, Moment.Uptime, firmware?.Id ?? 0), Take);
    }

    public void Dispose()
    {
        queue.Dispose();
        processes.Dispose();
        notify.Dispose();
    }

    /// <summary>Runs the device until it is told to end. Call it from a thread that lives as long as the program.</summary>
    /// <returns>The program's exit code.</returns>
    public int Run()
    {
        MakeDirectories();
        processes.EndLeftovers();
        processes.StartGuard();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var server = new LinkServer(System.IO.Path.Combine(device.Path, BootLink.SocketPath), callers.Ask, callers.Gone);
        Listen(server);
        do
        {
            Boot();
            while (next is null)
            {
                TakeOne();
            }
        }
        while (next is SupervisionEffect.BootAgain);
        log("ended");
        return 0;
    }

    private void MakeDirectories()
    {
        try
        {
            DeviceRoot.MakeDirectories(device.Volume);
        }
        catch (StorageException fault)
        {
            log($"directories: {fault.Message}");
        }
    }

    /// <summary>Without its socket (on a read-only medium) the device takes no update, but it runs.</summary>
    private void Listen(LinkServer server)
    {
        try
        {
            server.Start();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            log($"{BootLink.SocketPath}: {fault.Message}; updates are not possible until meerkat-boot is started again");
        }
    }

    private Moment Moment => new(clock.GetElapsedTime(0), clock.GetUtcNow());

    private void Boot()
    {
        next = null;
        var result = sequence.Run(clock.GetUtcNow(), now.Unrecorded);
        callers.FoundIntact();
        var manifest = result.Slot is { } slot ? Manifest(slot) : null;
        if (result is { Mode: RunMode.Trial, Slot: { } trial })
        {
            SlotOutput.Clear(device.Volume, trial);
        }
        RunConfiguration.Write(device.Volume, device.Board, result.Slot, user, log);
        var bounds = device.Board.Supervision;
        now = new Supervision
        {
            Settings = bounds with
            {
                // A firmware that hosts the agent is of no use before its listener is bound, and says so.
                Ready = bounds.AgentEmbedded ? ReadyMode.Notify : FirmwareEnvironment.Ready(manifest, bounds.Ready),
            },
            Record = result.Record,
            Mode = result.Mode,
            Running = result.Slot,
            RecordProblem = result.RecordProblem,
            Unrecorded = result.Unrecorded,
        };
        Perform(SupervisionMachine.Begin(now, Moment));
        RemoveWhatFailed();
        notify.Ready(now.Running is { } started ? $"slot {started}: {now.Record[started].Version}" : "recovery");
    }

    /// <summary>It only says how the firmware shows that it is ready; a damaged one must not keep the firmware from running.</summary>
    private byte[]? Manifest(SlotId slot)
    {
        try
        {
            return slots.ReadManifest(slot);
        }
        catch (StorageException fault)
        {
            log($"slot {slot}: {fault.Message}");
            return null;
        }
    }

    /// <summary>
    /// Waits for one event, or for the moment at which time itself is one. A moment that has come goes first: no flood of
    /// events can push a deadline away.
    /// </summary>
    private void TakeOne()
    {
        notify.Ping();
        var wait = notify.AtMost(now.NextDeadline is { } deadline ? deadline - Moment.Uptime : Timeout.InfiniteTimeSpan);
        if (wait != Timeout.InfiniteTimeSpan)
        {
            // Rounded up, so that the moment has come when the wait is over.
            wait = TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 0, int.MaxValue - 1));
        }
        if (wait != TimeSpan.Zero && queue.Take(wait) is { } happened)
        {
            happened();
        }
        else
        {
            Take(new SupervisionEvent.TimePassed());
        }
    }

    private void Take(SupervisionEvent happened)
    {
        // What a firmware says of itself gives no slot up, and comes often.
        if (happened is not (SupervisionEvent.FirmwarePinged or SupervisionEvent.FirmwareReady or SupervisionEvent.AgentReady)
            && now is { Mode: RunMode.Trial, Record: { Fallback: { } fallback, Active: var active } })
        {
            now = now with { SettingsChanged = UserSettings.Differ(device.Volume, active, fallback) };
        }
        Perform(SupervisionMachine.Take(now, happened, Moment));
    }

    /// <summary>Makes the step's record durable, and only then does the rest of it.</summary>
    private void Perform(SupervisionStep step)
    {
        if (step.Store is { } record)
        {
            try
            {
                records.Write(record);
                Tell(now, step.Next);
                step = step with { Next = step.Next with { RecordProblem = "" } };
            }
            catch (StorageException fault)
            {
                log.Tell(BootEvents.RecordNotWritable(fault.Message));
                step = SupervisionMachine.NotStored(now, step, fault.Message);
            }
        }
        now = step.Next;
        foreach (var effect in step.Effects)
        {
            Perform(effect);
        }
    }

    private void Perform(SupervisionEffect effect)
    {
        switch (effect)
        {
            case SupervisionEffect.Answer answer:
                callers.Give(answer);
                break;
            case SupervisionEffect.StartFirmware:
                StartFirmware();
                break;
            case SupervisionEffect.StopFirmware:
                log("firmware: neither ready nor pinging; it is ended and started again");
                processes.Stop(Running(firmware), agent, now.Settings.StopTimeout);
                break;
            case SupervisionEffect.StartAgent:
                StartAgent();
                break;
            case SupervisionEffect.StopAll:
                processes.Stop([.. Running(firmware), .. Running(agent)], null, now.Settings.StopTimeout);
                firmware = null;
                agent = null;
                queue.Add(() => Take(new SupervisionEvent.AllStopped()));
                break;
            case SupervisionEffect.KeepCommitted:
                KeepCommitted();
                break;
            case SupervisionEffect.KeepOutput when now.Record.LastOutcome is { } reason:
                SlotOutput.KeepLast(device.Volume, reason.Slot);
                break;
            case SupervisionEffect.KeepOutput:
                break;
            case SupervisionEffect.RemoveLeftovers:
                RemoveWhatFailed();
                if (now.LastPing is not null)
                {
                    // The pings of the meantime are still in the queue: the time that this took was no silence of the firmware.
                    Take(new SupervisionEvent.FirmwarePinged());
                }
                break;
            case SupervisionEffect.BootAgain or SupervisionEffect.End:
                next = effect;
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private void StartFirmware()
    {
        var slot = now.Running ?? throw new InvalidOperationException("there is no slot to start");
        processes.EndOrphans(agent);
        OpenOnly(slot);
        try
        {
            DeviceProcess? started = null;
            firmware = started = processes.Start(
                $"{device.Path}/{SlotPaths.Image(slot)}",
                [],
                $"{device.Path}/{SlotPaths.Files(slot)}",
                FirmwareUser.IsOther(user) ? user : null,
                FirmwareEnvironment.Of(device.Path, slot, now.Mode, now.Record, now.Settings.Watchdog),
                SlotOutput.Path(slot),
                console,
                message => queue.Add(() => FirmwareSaid(started, message)));
            log.Tell(BootEvents.About(
                now.Record, slot, now.Mode == RunMode.Trial ? "trial_started" : "firmware_started",
                $"slot {slot}: {now.Record[slot].Version} started as process {firmware.Id} ({now.Mode})"));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            log($"slot {slot}: firmware not started: {fault.Message}");
            queue.Add(() => Take(new SupervisionEvent.FirmwareStartFailed(fault.Message)));
        }
    }

    private void OpenOnly(SlotId slot)
    {
        try
        {
            slots.OpenOnly(slot);
        }
        catch (StorageException fault)
        {
            // A read-only medium: what cannot be closed cannot be written either.
            log($"slot {slot.Other}: not closed to the firmware: {fault.Message}");
        }
    }

    private void StartAgent()
    {
        try
        {
            DeviceProcess? started = null;
            agent = started = processes.Start(
                agentProgram,
                [device.Path],
                device.Path,
                null,
                new Dictionary<string, string>
                {
                    ["MEERKAT_MODE"] = now.Mode.ToString().ToLowerInvariant(),
                    [EventLine.Variable] = errors.IsJournal ? "1" : "",
                },
                LogFiles.Agent,
                errors,
                message => queue.Add(() => AgentSaid(started, message)));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            log($"agent not started: {fault.Message}");
            queue.Add(() => Take(new SupervisionEvent.AgentExited(new ExitStatus(127, 0))));
        }
    }

    private void FirmwareSaid(DeviceProcess? process, NotifyMessage message)
    {
        if (process is null || process != firmware)
        {
            return;
        }
        process.Notify.Taken(message);
        if (message == NotifyMessage.Ready)
        {
            log.Tell(BootEvents.About(now.Record, now.Running, "firmware_ready", $"slot {now.Running}: firmware is ready"));
            Take(new SupervisionEvent.FirmwareReady());
        }
        else
        {
            Take(new SupervisionEvent.FirmwarePinged());
        }
    }

    private void AgentSaid(DeviceProcess? process, NotifyMessage message)
    {
        if (process is null || process != agent)
        {
            return;
        }
        process.Notify.Taken(message);
        if (message == NotifyMessage.Ready)
        {
            Take(new SupervisionEvent.AgentReady());
        }
    }

    private void ProcessEnded(int process, ExitStatus status)
    {
        if (process == firmware?.Id)
        {
            log.Tell(BootEvents.About(now.Record, now.Running, "firmware_ended", $"firmware ended: {status}") with { Severity = Severity.Warning });
            processes.Stop(Running(firmware), agent, TimeSpan.Zero);
            firmware = null;
            Take(new SupervisionEvent.FirmwareExited(status));
        }
        else if (process == agent?.Id)
        {
            log($"agent ended: {status}");
            agent.Notify.Dispose();
            agent.Output.Drain(TimeSpan.FromMilliseconds(200));
            agent = null;
            Take(new SupervisionEvent.AgentExited(status, SlotOutput.LastLine(device.Volume, LogFiles.Agent)));
        }
        else if (processes.IsGuard(process) && next is null)
        {
            processes.StartGuard();
        }
    }

    private void KeepCommitted()
    {
        try
        {
            slots.MarkCommitted(now.Record.Active, now.Record[now.Record.Active].CommitCount);
            RunConfiguration.KeepNetwork(device.Volume);
        }
        catch (StorageException fault)
        {
            // The record says committed, which counts; the mark is made at the next boot.
            log($"slot {now.Record.Active}: the seal could not be marked: {fault.Message}");
        }
    }

    /// <summary>The old firmware runs: what failed, or was left half written, goes. Nobody can install before this is done.</summary>
    private void RemoveWhatFailed()
    {
        if (now is not { Mode: RunMode.Committed, Running: { } running, Armed: false } || now.Record[running.Other].MayStart)
        {
            return;
        }
        try
        {
            if (device.Volume.Find(SlotPaths.Slot(running.Other)) is not null)
            {
                slots.Remove(running.Other);
            }
        }
        catch (StorageException fault)
        {
            log($"slot {running.Other}: leftovers stay: {fault.Message}");
        }
    }

    private void End(PosixSignalContext context)
    {
        context.Cancel = true;
        queue.Add(() =>
        {
            notify.Stopping();
            Take(new SupervisionEvent.EndAsked());
        });
    }

    private void Tell(Supervision before, Supervision after)
    {
        if (after.Record.LastOutcome is { } reason && reason != before.Record.LastOutcome)
        {
            log.Tell(BootEvents.FallBack(reason));
        }
        else if (after.Record.Committed && !before.Record.Committed && after.Record.Active == before.Record.Active)
        {
            log.Tell(BootEvents.About(
                after.Record, after.Record.Active, "committed", $"slot {after.Record.Active}: {after.Record[after.Record.Active].Version} committed"));
        }
        else if (!after.Record.Committed && before.Record.Committed)
        {
            var what = after.Record.Active == after.Running ? "goes on trial at the next boot" : "armed";
            log.Tell(BootEvents.About(
                after.Record, after.Record.Active, "armed", $"slot {after.Record.Active}: {after.Record[after.Record.Active].Version} {what}"));
        }
        else if (after.Held is { } held && before.Held is null)
        {
            log.Tell(BootEvents.About(
                after.Record, held, "held", $"slot {held}: {after.Record[held].Version} installed, waits to be activated"));
        }
    }

    private static List<DeviceProcess> Running(DeviceProcess? process) => process is null ? [] : [process];

    /// <summary>What is known before the first boot sequence: nothing that allows anything.</summary>
    private static Supervision Before() => new()
    {
        Settings = new SupervisionSettings(),
        Record = BootTransitions.Factory(SlotRecord.Empty),
        Mode = RunMode.Recovery,
        Running = null,
    };
}
