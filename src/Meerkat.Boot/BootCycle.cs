using Meerkat.Boot.Log;
using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;
using Meerkat.Core.Health;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// The boot loader without processes, sockets and threads: boot sequence, then one event after the other, each made durable before
/// any of its effects, until the next boot. It alone writes the boot record. All calls come from one thread; only <see cref="Now"/>
/// may be read from others.
/// </summary>
public sealed class BootCycle
{
    private readonly DeviceRoot device;
    private readonly BootRecordStore records;
    private readonly SlotStore slots;
    private readonly BootSequence sequence;
    private readonly TimeProvider clock;
    private readonly UserId user;
    private readonly IDevicePrograms programs;
    private readonly Action<string> log;

    // Replaced whole.
    private volatile Supervision now = Before();

    /// <param name="device">The device's root.</param>
    /// <param name="steady">Its volume, for what may take long.</param>
    /// <param name="kernelBootId">Differs after every start of the machine.</param>
    /// <param name="clock">For deadlines and times.</param>
    /// <param name="user">Who the firmware runs as.</param>
    /// <param name="programs">Firmware and agent.</param>
    /// <param name="log">Takes one line an event.</param>
    public BootCycle(
        DeviceRoot device,
        IVolume steady,
        Guid kernelBootId,
        TimeProvider clock,
        UserId user,
        IDevicePrograms programs,
        Action<string> log)
    {
        this.device = device;
        this.clock = clock;
        this.user = user;
        this.programs = programs;
        this.log = log;
        records = new BootRecordStore(device.Volume);
        slots = new SlotStore(steady);
        sequence = new BootSequence(steady, records, slots, kernelBootId, log);
    }

    /// <summary>The state in force.</summary>
    public Supervision Now => now;

    /// <summary>What follows when this cycle has ended; none while it goes on.</summary>
    public SupervisionEffect? Next { get; private set; }

    public Moment Moment => new(clock.GetElapsedTime(0), clock.GetUtcNow());

    /// <summary>Applies the boot rules and starts what they say. Nothing of any slot may be running.</summary>
    /// <exception cref="BootRefusedException">A newer program wrote the boot record.</exception>
    public void Boot()
    {
        Next = null;
        var result = sequence.Run(clock.GetUtcNow(), now.Unrecorded);
        var manifest = result.Slot is { } slot ? Manifest(slot) : null;
        if (result is { Mode: RunMode.Trial, Slot: { } trial })
        {
            SlotOutput.Clear(device.Volume, trial);
        }
        var published = RunConfiguration.Write(device.Volume, device.Board, result.Slot, user, log);
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
            SettingsPublished = published,
            HealthMaxTime = result is { Mode: RunMode.Trial, Slot: { } tried } ? Contract(tried).MaxTime : null,
        };
        if (now.Running is { } running)
        {
            OpenOnly(running);
        }
        Perform(SupervisionMachine.Begin(now, Moment));
        RemoveWhatFailed();
    }

    public void Take(SupervisionEvent happened)
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
                programs.Answer(answer);
                break;
            case SupervisionEffect.StartFirmware:
                programs.StartFirmware(now.Running ?? throw new InvalidOperationException("there is no slot to start"), now);
                break;
            case SupervisionEffect.StopFirmware:
                log("firmware: neither ready nor pinging; it is ended and started again");
                programs.StopFirmware(now.Settings.StopTimeout);
                break;
            case SupervisionEffect.StartAgent:
                programs.StartAgent(now.Mode);
                break;
            case SupervisionEffect.StopAll:
                programs.StopAll(now.Settings.StopTimeout);
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
                    // The pings of the meantime are still on their way: the time that this took was no silence of the firmware.
                    Take(new SupervisionEvent.FirmwarePinged());
                }
                break;
            case SupervisionEffect.BootAgain or SupervisionEffect.End:
                Next = effect;
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
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

    private HealthReading Contract(SlotId slot)
    {
        HealthReading reading;
        try
        {
            reading = FirmwareHealth.Read(device.Volume, device.Board, slot);
        }
        catch (StorageException fault)
        {
            // There may be one, so nothing commits by itself; the agent may still be able to read it.
            reading = new HealthReading.Damaged(fault.Message);
        }
        if (reading is HealthReading.Damaged damaged)
        {
            log($"slot {slot}: the trial does not commit by itself: {damaged.Problem}");
        }
        return reading;
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

    private void KeepCommitted()
    {
        try
        {
            slots.MarkCommitted(now.Record.Active, now.Record[now.Record.Active].CommitCount);
            RunConfiguration.KeepNetwork(device.Volume);
            foreach (var problem in RunConfiguration.KeepAccess(device.Volume, now.Record.Active))
            {
                log(problem);
            }
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

    /// <summary>What is known before the first boot sequence: nothing that allows anything.</summary>
    private static Supervision Before() => new()
    {
        Settings = new SupervisionSettings(),
        Record = BootTransitions.Factory(SlotRecord.Empty),
        Mode = RunMode.Recovery,
        Running = null,
    };
}
