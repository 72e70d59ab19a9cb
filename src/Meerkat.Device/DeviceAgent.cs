using System.Text;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Core.Access;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Device.Access;
using Meerkat.Device.Configuration;
using Meerkat.Device.Downloads;
using Meerkat.Device.Health;
using Meerkat.Device.Services;
using Meerkat.Device.Telemetry;
using Meerkat.Device.Updates;
using Meerkat.Rpc;
using Meerkat.Rpc.Client;
using Meerkat.Storage;

namespace Meerkat.Device;

/// <summary>Everything that a device answers with, built once by hand; what carries the calls (HTTP, MQTT) is put around it.</summary>
public sealed class DeviceAgent : IAsyncDisposable
{
    private const int MostCertificateBytes = 1 << 20;

    private readonly DeviceRoot device;
    private readonly SlotId? slot;
    private readonly PushedUpdate push;
    private readonly HeldUpdate held;

    private DeviceAgent(DeviceRoot device, BootLoaderCalls boot, BootStatus status, TimeProvider time, Action<string> log)
    {
        this.device = device;
        this.slot = status.Running is { } running ? new SlotId(running) : null;
        Boot = boot;
        StartedAs = status.Mode;
        var owner = FirmwareUser.Of(device);
        var files = slot is { } some ? new OwnedFiles(device.Volume, some, owner) : null;
        Config = new ConfigStore(device, slot, files, owner, status.SettingsPublished);
        Identity = DeviceIdentity.Of(device, status, Config.Values.Text("device.id"));
        Calls = new RpcDispatcher(time)
        {
            DeviceId = Identity.Id,
            MaxFrameBytes = (int)Config.Values.WholeNumber("rpc.max_frame_size"),
            OnFault = (method, fault) => log($"{method}: {fault}"),
        };
        AccessFiles = new AccessFiles(device.Volume, slot);
        AccessLog = new AccessLog(log);
        var passwords = new Passwords(AccessFiles, AccessLog);
        Login = new HttpLogin(Config, passwords, time);
        Rights = new RpcAccess(Config, AccessFiles, passwords, time, AccessLog);
        Calls.Access = Rights.Refusal;
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
            Updates, boot, Restart, () => DownloadSettings.Of(Identity, Config.Values, ReadFile), time, log);
        Polling = new UpdatePolling(Config, Pulls, new Random(), time, log);
        push = new PushedUpdate(Updates, time);
        Health = new HealthWatch(
            device, status, boot, Commits,
            (tried, version) => new HealthProbes(
                device, tried, version, Config, Connections, Commits,
                () => DownloadSettings.Of(Identity, Config.Values, ReadFile), time),
            time, log);
        Meters = new DeviceMeters(device, Identity, boot, Updates.Watch, Pulls, Calls, time);
        Time = time;
        Log = log;
        new FsService(device.Volume, slot, files, boot, new SecretFiles(Config)).AddTo(Calls);
        new ConfigService(Config, boot, Restart).AddTo(Calls);
        new LogService(device.Volume, boot, Calls).AddTo(Calls);
        new SysService(device, Identity, boot, Restart, time).AddTo(Calls);
        new OtaService(device, boot, Config, Pulls, Polling, push, Restart, Commits, Health).AddTo(Calls);
        new BootStateCalls(boot, Config, Pulls, held, new DeviceSnapshot(device, owner, log)).AddTo(Calls);
    }

    /// <summary>The board itself has switched HTTP off; a bundle's or a user's word for it would lock everybody out.</summary>
    public bool MayBeSilent => ConfigPath.TryGet(device.Board.Settings, "http.enable", out _);

    /// <summary>The socket for calls from the device itself; absolute.</summary>
    public string SocketPath => Path.Combine(device.Path, "run/agent.sock");

    /// <summary>Whether the board lets the device listen openly.</summary>
    public OpenRule OpenRule => device.Board.Open;

    public BootLoaderCalls Boot { get; }

    public ConfigStore Config { get; }

    public DeviceIdentity Identity { get; }

    public RpcDispatcher Calls { get; }

    /// <summary>What settings name to say who may in.</summary>
    public AccessFiles AccessFiles { get; }

    /// <summary>Tells what keeps people out.</summary>
    public AccessLog AccessLog { get; }

    /// <summary>Who sends a request.</summary>
    public HttpLogin Login { get; }

    /// <summary>Who may call what.</summary>
    public RpcAccess Rights { get; }

    public DeviceRestart Restart { get; }

    public UpdateGate Gate { get; }

    public CommitGuard Commits { get; }

    /// <summary>Keeps to the firmware's health contract in its trial.</summary>
    public HealthWatch Health { get; }

    /// <summary>Told by whoever connects the device.</summary>
    public ConnectionFacts Connections { get; } = new();

    public UpdateRunner Updates { get; }

    public PulledUpdates Pulls { get; }

    /// <summary>Looks for updates while its <see cref="UpdatePolling.RunAsync"/> runs.</summary>
    public UpdatePolling Polling { get; }

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
    public SettingValues? LastCommittedNetwork() =>
        ConfigText.Parse(device.Volume.ReadSmall(RunConfiguration.NetworkPath, MostCertificateBytes))
            is ConfigText.Parsed { Tree: { Count: > 0 } tree }
            ? new SettingValues(tree)
            : null;

    /// <summary>Says at the start what is wrong with who may in, and what is open.</summary>
    /// <param name="network">The settings that are listened with.</param>
    public void TellAccess(SettingValues network)
    {
        if (OpenRule != OpenRule.Allow)
        {
            AccessLog.Tell("http.listen_addr", Exposure.Of(network).Warning ?? "");
        }
        if (Login.ForPages is { } credentials)
        {
            Login.Check(credentials);
        }
        Rights.Check();
    }

    /// <summary>Where the device keeps what outlives updates.</summary>
    internal IVolume Volume => device.Volume;

    public async ValueTask DisposeAsync()
    {
        Gate.End();
        push.Dispose();
        Health.Dispose();
        await held.DisposeAsync().ConfigureAwait(false);
        Meters.Dispose();
        await Pulls.DisposeAsync().ConfigureAwait(false);
        await Restart.DisposeAsync().ConfigureAwait(false);
        Gate.Dispose();
        device.Dispose();
    }

    /// <summary>How a client of this device proves itself and whom it trusts, from <c>PREFIX.ssl_*</c>.</summary>
    /// <param name="prefix">The settings: <c>rpc.ws</c>.</param>
    /// <exception cref="IOException">A certificate or key cannot be read; the message says which.</exception>
    public TlsOptions Tls(string prefix) => TlsFiles.Read(Config.Values, prefix, ReadFile, Time);

    /// <summary>A text file of the running slot's file system, or in recovery of the first slot that has it; empty when there is none.</summary>
    public string ReadFile(string name) => slot is { } running
        ? ReadFile(running, name)
        : ReadFile(SlotId.Zero, name) is { Length: > 0 } text ? text : ReadFile(SlotId.Zero.Other, name);

    private string ReadFile(SlotId place, string name) => name.Length == 0
        ? ""
        : Encoding.UTF8.GetString(device.Volume.ReadSmall(FsPath.OnVolume(device.Volume, place, FsPath.Plain(name)), MostCertificateBytes) ?? []);
}
