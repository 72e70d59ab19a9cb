using System.Runtime.InteropServices;
using Meerkat.Boot.Link;
using Meerkat.Boot.Log;
using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// The boot cycle among real processes, sockets and signals. Events of all threads go through one queue and
/// are taken one at a time by the thread that runs <see cref="Run"/>; it alone turns the <see cref="BootCycle"/> and starts processes.
/// </summary>
public sealed class Supervisor : IDevicePrograms, IDisposable
{
    private readonly DeviceRoot device;
    private readonly Action<string> log;
    private readonly BootCycle cycle;
    private readonly DeviceProcesses processes;
    private readonly UserId user;
    private readonly string agentProgram;
    private readonly EventQueue queue = new();
    private readonly LinkCallers callers;
    private readonly NotifySender notify;
    private readonly ConsoleOutput console;
    private readonly ConsoleOutput errors;

    private DeviceProcess? firmware;
    private DeviceProcess? agent;

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
        this.log = log;
        notify = NotifySender.FromEnvironment(clock);
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
        cycle = new BootCycle(device, new SteadyVolume(device.Volume, notify.Ping), kernelBootId, clock, user, this, log);
        // In its callers' threads, and so without the pings that tell of this one.
        callers = new LinkCallers(
            new SlotStore(device.Volume),
            clock,
            queue.Add,
            () => cycle.Now,
            () => BootStatusView.Of(cycle.Now, cycle.Moment.Uptime, firmware?.Id ?? 0),
            cycle.Take);
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
            while (cycle.Next is null)
            {
                TakeOne();
            }
        }
        while (cycle.Next is SupervisionEffect.BootAgain);
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

    private void Boot()
    {
        cycle.Boot();
        callers.FoundIntact();
        notify.Ready(cycle.Now.Running is { } started ? $"slot {started}: {cycle.Now.Record[started].Version}" : "recovery");
    }

    /// <summary>
    /// Waits for one event, or for the moment at which time itself is one. A moment that has come goes first: no flood of
    /// events can push a deadline away.
    /// </summary>
    private void TakeOne()
    {
        notify.Ping();
        var wait = notify.AtMost(cycle.Now.NextDeadline is { } deadline ? deadline - cycle.Moment.Uptime : Timeout.InfiniteTimeSpan);
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
            cycle.Take(new SupervisionEvent.TimePassed());
        }
    }

    void IDevicePrograms.Answer(SupervisionEffect.Answer answer) => callers.Give(answer);

    void IDevicePrograms.StopFirmware(TimeSpan atMost) => processes.Stop(Running(firmware), agent, atMost);

    void IDevicePrograms.StopAll(TimeSpan atMost)
    {
        processes.Stop([.. Running(firmware), .. Running(agent)], null, atMost);
        firmware = null;
        agent = null;
        queue.Add(() => cycle.Take(new SupervisionEvent.AllStopped()));
    }

    void IDevicePrograms.StartFirmware(SlotId slot, Supervision now)
    {
        processes.EndOrphans(agent);
        try
        {
            DeviceProcess? started = null;
            firmware = started = processes.Start(
                $"{device.Path}/{SlotPaths.Image(slot)}",
                [],
                $"{device.Path}/{SlotPaths.Files(slot)}",
                FirmwareUser.IsOther(user) ? user : null,
                FirmwareEnvironment.Of(
                    device.Path, slot, now.Record[slot].Version.Version, now.Mode == RunMode.Trial, now.Settings.Watchdog),
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
            queue.Add(() => cycle.Take(new SupervisionEvent.FirmwareStartFailed(fault.Message)));
        }
    }

    void IDevicePrograms.StartAgent(RunMode mode)
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
                    ["MEERKAT_MODE"] = mode.ToString().ToLowerInvariant(),
                    [EventLine.Variable] = errors.IsJournal ? "1" : "",
                },
                LogFiles.Agent,
                errors,
                message => queue.Add(() => AgentSaid(started, message)));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            log($"agent not started: {fault.Message}");
            queue.Add(() => cycle.Take(new SupervisionEvent.AgentExited(new ExitStatus(127, 0))));
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
            log.Tell(BootEvents.About(cycle.Now.Record, cycle.Now.Running, "firmware_ready", $"slot {cycle.Now.Running}: firmware is ready"));
            cycle.Take(new SupervisionEvent.FirmwareReady());
        }
        else
        {
            cycle.Take(new SupervisionEvent.FirmwarePinged());
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
            cycle.Take(new SupervisionEvent.AgentReady());
        }
    }

    private void ProcessEnded(int process, ExitStatus status)
    {
        if (process == firmware?.Id)
        {
            log.Tell(BootEvents.About(cycle.Now.Record, cycle.Now.Running, "firmware_ended", $"firmware ended: {status}") with { Severity = Severity.Warning });
            processes.Stop(Running(firmware), agent, TimeSpan.Zero);
            firmware = null;
            cycle.Take(new SupervisionEvent.FirmwareExited(status));
        }
        else if (process == agent?.Id)
        {
            log($"agent ended: {status}");
            agent.Notify.Dispose();
            agent.Output.Drain(TimeSpan.FromMilliseconds(200));
            agent = null;
            cycle.Take(new SupervisionEvent.AgentExited(status, SlotOutput.LastLine(device.Volume, LogFiles.Agent)));
        }
        else if (processes.IsGuard(process) && cycle.Next is null)
        {
            processes.StartGuard();
        }
    }

    private void End(PosixSignalContext context)
    {
        context.Cancel = true;
        queue.Add(() =>
        {
            notify.Stopping();
            cycle.Take(new SupervisionEvent.EndAsked());
        });
    }

    private static List<DeviceProcess> Running(DeviceProcess? process) => process is null ? [] : [process];
}
