using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Boot.Posix;
using Meerkat.Core.Settings;
using Meerkat.Core.Signing;
using Meerkat.Core.Updates;
using Meerkat.Core.Values;
using Meerkat.Device.Telemetry;
using Meerkat.Storage;

namespace Meerkat.Device.Updates;

/// <summary>The one place of a device where updates run, one at a time.</summary>
/// <param name="device">The device's root.</param>
/// <param name="watch">Told what happens to updates.</param>
/// <param name="gatekeeper">Asked before an update begins and before its restart.</param>
/// <param name="held">Told that an update waits for the gate.</param>
public sealed class UpdateRunner(DeviceRoot device, UpdateWatch watch, UpdateGate gatekeeper, Action held) : IDisposable
{
    private const int MostSettingsBytes = 1 << 20;

    private readonly Lock gate = new();
    private readonly SlotStore slots = new(device.Volume);
    private readonly UserId owner = FirmwareUser.Of(device);
    private UpdateSession? session;

    public UpdateStatus Status
    {
        get
        {
            lock (gate)
            {
                return session?.Status ?? UpdateStatus.Idle;
            }
        }
    }

    /// <summary>What is counted and traced of them.</summary>
    public UpdateWatch Watch => watch;

    /// <summary>Refuses when an update runs, one is armed, or the running slot is not committed.</summary>
    public UpdateBegin Begin(UpdateOptions options)
    {
        var begin = TryBegin(options);
        if (begin is UpdateBegin.Refused refused)
        {
            watch.Refused(refused.Text);
        }
        return begin;
    }

    /// <summary>Gives a running update up.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            session?.Dispose();
        }
    }

    /// <summary>What stands in the way of an update in this state; none when nothing does.</summary>
    public static UpdateBegin.Refused? Obstacle(BootStatus status) => status switch
    {
        { UpdateRunning: true } => new UpdateBegin.Refused(true, "another update is in progress"),
        { Stopping: true } => new UpdateBegin.Refused(true, "the device is restarting"),
        { Armed: true } => new UpdateBegin.Refused(
            true, "an installed update waits for the restart; restart, or revert to cancel it"),
        { Mode: not "recovery", Committed: false } => new UpdateBegin.Refused(
            false, "the previous update has not been committed yet; commit or revert it first"),
        _ => null,
    };

    private UpdateBegin TryBegin(UpdateOptions options)
    {
        lock (gate)
        {
            if (session is { Result: null })
            {
                return new UpdateBegin.Refused(true, "another update is in progress");
            }
            BootLink link;
            try
            {
                link = device.Connect();
            }
            catch (SocketException fault)
            {
                return new UpdateBegin.Refused(false, $"the boot loader does not answer: {fault.Message}");
            }
            BootStatus status;
            try
            {
                status = link.Status();
            }
            catch (IOException fault)
            {
                link.Dispose();
                return new UpdateBegin.Refused(false, $"the boot loader does not answer: {fault.Message}");
            }
            if (Obstacle(status) is { } obstacle)
            {
                link.Dispose();
                return obstacle;
            }
            session = new UpdateSession(
                slots, link, status, owner, options, force => Gather(status, options, force), gatekeeper.Ask, held, watch.Begin(options.ByItself));
            return new UpdateBegin.Started(session);
        }
    }

    private AdmissionFacts Gather(BootStatus status, UpdateOptions options, bool force)
    {
        var running = status.Running is { } number ? new SlotId(number) : (SlotId?)null;
        var settings = new SettingValues(Settings(running));
        var target = (running ?? new SlotId(status.Active)).Other;
        return new AdmissionFacts
        {
            Platform = device.Board.Platform,
            Running = status.FirmwareIn(status.Running),
            IgnoreSameVersion = options.IgnoreSameVersion,
            FailedBundles = [.. status.FailedBundles ?? []],
            Force = force,
            MinVersion = settings.Text("update.min_version"),
            Keys =
            [
                .. Enumerable.Range(0, SignatureCheck.Places)
                    .Select(place => settings.Text(string.Create(CultureInfo.InvariantCulture, $"update.key{place}"))),
            ],
            RequiredSignatures = (int)settings.WholeNumber("update.sig_req_mask"),
            FreeBytes = device.Volume.FreeBytes,
            TargetBytes = device.Volume.TreeBytes(SlotPaths.Slot(target)),
            OldFilesBytes = device.Volume.TreeBytes(SlotPaths.Files(target.Other)),
            ReserveBytes = device.Board.ReserveBytes,
        };
    }

    /// <summary>
    /// The settings in force. Where the file is not there, or damaged, they are composed anew: without them no signature would be asked for.
    /// </summary>
    private JsonObject Settings(SlotId? running) =>
        device.Volume.ReadSmall(RunConfiguration.Path, MostSettingsBytes) is { Length: > 0 } text
            && ConfigText.Parse(text) is ConfigText.Parsed parsed
            ? parsed.Tree
            : RunConfiguration.Compose(device.Volume, device.Board, running).Tree;
}
