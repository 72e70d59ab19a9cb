using System.Text;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Device.Configuration;
using Meerkat.Device.Downloads;
using Meerkat.Device.Services;
using Meerkat.Device.Telemetry;
using Meerkat.Device.Updates;
using Meerkat.Rpc;
using Meerkat.Storage;

namespace Meerkat.Device;

/// <summary>Everything that a device answers with, built once by hand; what carries the calls (HTTP, MQTT) is put around it.</summary>
public sealed class DeviceAgent : IAsyncDisposable
{
    private const int MostCertificateBytes = 1 << 20;

    private readonly DeviceRoot device;
    private readonly PushedUpdate push;
    private readonly HeldUpdate held;

    private DeviceAgent(DeviceRoot device, BootLoaderCalls boot, BootStatus status, TimeProvider time, Action<string> log)
    {
        this.device = device;
        Boot = boot;
        StartedAs = status.Mode;
        var owner = FirmwareUser.Of(device);
        var slot = status.Running is { } number ? new SlotId(number) : (SlotId?)null;
        var files = slot is { } some ? new OwnedFiles(device.Volume, some, owner) : null;
        Config = new ConfigStore(device, slot, files, owner, status.SettingsPublished);
        Identity = DeviceIdentity.Of(device, status, Config.Values.Text("device.id"));
        Calls = new RpcDispatcher(time)
        {
            DeviceId = Identity.Id,
            MaxFrameBytes = (int)Config.Values.WholeNumber("rpc.max_frame_size"),
            OnFault = (method, fault) => log($"{method}: {fault}"),
        };
        Restart = new DeviceRestart(boot, Calls, time, log);
        Gate = new UpdateGate(device, slot, () => Config.Values, log);
        Commits = new CommitGuard(boot);
        held = new HeldUpdate(boot, new SlotStore(device.Volume), Gate, Restart, time, log);
        if (status.ActivatesItself)
        {
            held.Await();
        }
        Updates = new UpdateRunner(device, new UpdateWatch(time, log), Gate, held.Await);
        Pulls = new PulledUpdates(
            Updates, boot, Restart, () => DownloadSettings.Of(Identity, Config.Values, name => ReadSlotFile(slot, name)), time, log);
        push = new PushedUpdate(Updates, time);
        Meters = new DeviceMeters(device, Identity, boot, Updates.Watch, Pulls, Calls, time);
        Time = time;
        Log = log;
        new FsService(device.Volume, slot, files, boot).AddTo(Calls);
        new ConfigService(Config, boot, Restart).AddTo(Calls);
        new LogService(device.Volume, boot, Calls).AddTo(Calls);
        new SysService(device, Identity, boot, Restart, time).AddTo(Calls);
        new OtaService(device, boot, Config, Pulls, push, Restart, Commits).AddTo(Calls);
        new BootStateCalls(boot, Config, Pulls, held, new DeviceSnapshot(device, owner, log)).AddTo(Calls);
    }

    /// <summary>The board itself has switched HTTP off; a bundle's or a user's word for it would lock everybody out.</summary>
    public bool MayBeSilent => ConfigPath.TryGet(device.Board.Settings, "http.enable", out _);

    public BootLoaderCalls Boot { get; }

    public ConfigStore Config { get; }

    public DeviceIdentity Identity { get; }

    public RpcDispatcher Calls { get; }

    public DeviceRestart Restart { get; }

    public UpdateGate Gate { get; }

    public CommitGuard Commits { get; }

    public UpdateRunner Updates { get; }

    public PulledUpdates Pulls { get; }

    /// <summary>Which of the device's own connections stand.</summary>
    public ConnectionFacts Connections { get; } = new();

    /// <summary>What the device measures of itself.</summary>
    public DeviceMeters Meters { get; }

    public TimeProvider Time { get; }

    public Action<string> Log { get; }

    /// <summary>recovery, trial or committed: what the boot loader was doing when this began.</summary>
    public string StartedAs { get; }

    /// <exception cref="BootRefusedException">The directory is no device.</exception>
    /// <exception cref="Meerkat.Core.Protocol.RpcException">No boot loader runs on it.</exception>
    public static DeviceAgent Open(string root, TimeProvider time, Action<string> log)
    {
        var device = DeviceRoot.Open(root);
        try
        {
            return Of(device, time, log);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="Open"/>, for a root that is open; it is disposed of with this.</summary>
    public static DeviceAgent Of(DeviceRoot device, TimeProvider time, Action<string> log)
    {
        var boot = new BootLoaderCalls(device);
        return new DeviceAgent(device, boot, boot.Status(), time, log);
    }

    /// <summary>The network settings of the last commit, for when the slot's own fail; none when there was none.</summary>
    public Core.Settings.SettingValues? LastCommittedNetwork() =>
        Core.Settings.ConfigText.Parse(device.Volume.ReadSmall(RunConfiguration.NetworkPath, MostCertificateBytes))
            is Core.Settings.ConfigText.Parsed { Tree: { Count: > 0 } tree }
            ? new Core.Settings.SettingValues(tree)
            : null;

    /// <summary>A text file of the running slot's file system, or in recovery of the first slot that has it; empty when there is none.</summary>
    /// <exception cref="StorageException">It cannot be read.</exception>
    internal string ReadFile(string name) => Identity.Slot is { } running
        ? ReadSlotFile(running, name)
        : ReadSlotFile(SlotId.Zero, name) is { Length: > 0 } text ? text : ReadSlotFile(new SlotId(1), name);

    /// <summary>Where the device keeps what outlives updates.</summary>
    internal IVolume Volume => device.Volume;

    public async ValueTask DisposeAsync()
    {
        Gate.End();
        push.Dispose();
        await held.DisposeAsync().ConfigureAwait(false);
        Meters.Dispose();
        await Pulls.DisposeAsync().ConfigureAwait(false);
        await Restart.DisposeAsync().ConfigureAwait(false);
        Gate.Dispose();
        device.Dispose();
    }

    private string ReadSlotFile(SlotId? slot, string name)
    {
        if (slot is not { } some || name.Length == 0)
        {
            return "";
        }
        var path = FsPath.OnVolume(device.Volume, some, FsPath.Plain(name));
        return Encoding.UTF8.GetString(device.Volume.ReadSmall(path, MostCertificateBytes) ?? []);
    }
}
