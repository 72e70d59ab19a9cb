using System.Diagnostics.Metrics;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Core.Protocol;
using Meerkat.Device.Downloads;
using Meerkat.Device.Services;
using Meerkat.Device.Updates;
using Meerkat.Rpc;

namespace Meerkat.Device.Telemetry;

/// <summary>
/// What a device measures of itself, as instruments of two meters: <c>Meerkat</c> is about the device, <c>Meerkat.Process</c> about the
/// program it runs in, which an application may measure itself. The names are those of Prometheus, wherever they are exported to.
/// </summary>
public sealed class DeviceMeters : IDisposable
{
    public const string DeviceMeter = "Meerkat";
    public const string ProcessMeter = "Meerkat.Process";

    /// <summary>All instruments of one look show one moment, and the boot loader is asked once.</summary>
    private static readonly TimeSpan SameLook = TimeSpan.FromMilliseconds(100);

    private static readonly string[] SlotStates = ["empty", "written", "trial", "committed", "failed"];
    private static readonly string[] Modes = ["committed", "trial", "recovery"];
    private static readonly string[] Phases = ["idle", "receiving", "writing", "verifying", "held", "armed", "trial", "recovery"];
    private static readonly double[] CallSeconds = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60];
    private static readonly double[] UpdateSeconds = [1, 5, 15, 60, 300, 900, 3600];

    private readonly DeviceRoot device;
    private readonly DeviceIdentity identity;
    private readonly BootLoaderCalls boot;
    private readonly PulledUpdates pulls;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private BootStatus? status;
    private long? askedAt;

    internal DeviceMeters(
        DeviceRoot device, DeviceIdentity identity, BootLoaderCalls boot, UpdateWatch updates, PulledUpdates pulls, RpcDispatcher calls,
        TimeProvider time)
    {
        this.device = device;
        this.identity = identity;
        this.boot = boot;
        this.pulls = pulls;
        this.time = time;
        AddState();
        AddTrial();
        AddUpdates(updates);
        AddCalls(calls);
        AddMedium();
        ProcessMeters.AddTo(Process);
    }

    public Meter Device { get; } = new(DeviceMeter);

    public Meter Process { get; } = new(ProcessMeter);

    public void Dispose()
    {
        Device.Dispose();
        Process.Dispose();
    }

    private void AddState()
    {
        Gauge("meerkat_info", "Constant 1; the labels say what runs on this device", now =>
        [
            Of(
                1,
                ("version", identity.Firmware.Version),
                ("build_id", identity.Firmware.BuildId),
                ("slot", now.Running is { } slot ? Text(slot) : ""),
                ("device", identity.Id),
                ("agent_version", identity.AgentVersion),
                ("boot_version", identity.BootVersion),
                ("platform", identity.Platform)),
        ]);
        Device.CreateObservableGauge(
            "meerkat_boot_loader_up",
            () => Of(Status() is null ? 0 : 1),
            null,
            "1 when the boot loader answers; else all that it knows is missing");
        Gauge("meerkat_mode", "1 for what the boot loader runs: committed firmware, a trial, or nothing (recovery)", now =>
            OneOf(Modes, now.Mode, "mode"));
        Gauge("meerkat_slot_state", "1 for the state that each slot is in", now =>
            now.Slots.SelectMany(slot => OneOf(SlotStates, slot.State, "state", ("slot", Text(slot.Slot)))));
        Gauge("meerkat_committed", "1 when the firmware of the active slot is marked good", now => [Of(now.Committed ? 1 : 0)]);
        Gauge("meerkat_firmware_ready", "1 when the firmware runs and is ready", now => [Of(now.Ready ? 1 : 0)]);
        Gauge("meerkat_record_problem", "1 when the boot record cannot be written: no update is possible", now =>
            [Of(now.RecordProblem.Length > 0 ? 1 : 0)]);
    }

    private void AddTrial()
    {
        Gauge("meerkat_trial_deadline_seconds", "Time left until the trial ends without a commit; missing when nothing ends it", now =>
            now.DeadlineLeft is { } left ? [Of(left)] : []);
        Gauge("meerkat_fallback_last_timestamp_seconds", "When a slot was last left, and why; missing on a device that never fell back", now =>
            now.Reason is { } reason
                ? [Of(reason.Time.ToUnixTimeMilliseconds() / 1000.0, ("reason", reason.Code), ("slot", Text(reason.Slot)), ("version", reason.Version))]
                : []);
    }

    private void AddUpdates(UpdateWatch updates)
    {
        Gauge("meerkat_update_state", "1 for the phase of the update, as OTA.Status has it", now =>
            OneOf(Phases, OtaStatusView.Phase(now, OtaStatusView.Shown(now, pulls.Status)), "state"));
        Gauge("meerkat_update_progress_ratio", "Bytes received of all, 0 to 1; 0 while the size is not known", now =>
            [Of(OtaStatusView.Shown(now, pulls.Status).ProgressPercent / 100.0)]);
        Device.CreateObservableCounter(
            "meerkat_updates_total",
            () => Enum.GetValues<UpdateEnding>().Select(ending => Of(updates.Count(ending), ("result", UpdateWatch.Word(ending)))),
            null,
            "Updates by how they ended, since the agent was started");
        Device.CreateObservableCounter(
            "meerkat_update_received_bytes_total",
            () => Of(updates.ReceivedBytes),
            null,
            "Bytes of bundles received since the agent was started");
        var durations = Device.CreateHistogram(
            "meerkat_update_duration_seconds",
            null,
            "From the begin of an update to its end, in seconds",
            null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = UpdateSeconds });
        updates.OnEnded = (ending, duration) => durations.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("result", UpdateWatch.Word(ending)));
    }

    private void AddCalls(RpcDispatcher calls)
    {
        var counted = Device.CreateCounter<long>(
            "meerkat_rpc_calls_total", null, "Calls of methods that exist, by outcome: ok, refused, fault");
        var durations = Device.CreateHistogram(
            "meerkat_rpc_duration_seconds",
            null,
            "How long calls took, in seconds",
            null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = CallSeconds });
        calls.OnCalled = (method, outcome, duration) =>
        {
            var named = new KeyValuePair<string, object?>("method", method);
            counted.Add(1, named, new KeyValuePair<string, object?>("outcome", Word(outcome)));
            durations.Record(duration.TotalSeconds, named);
        };
    }

    private void AddMedium()
    {
        Device.CreateObservableGauge("meerkat_medium_free_bytes", () => Of(Drive().AvailableFreeSpace), null, "Free on the medium of the device's directory");
        Device.CreateObservableGauge("meerkat_medium_size_bytes", () => Of(Drive().TotalSize), null, "Size of the medium of the device's directory");
    }

    private DriveInfo Drive() => new(device.Path);

    private static string Word(RpcOutcome outcome) => outcome switch
    {
        RpcOutcome.Succeeded => "ok",
        RpcOutcome.Failed { Error.Code: (int)RpcErrorCode.Internal } => "fault",
        _ => "refused",
    };

    /// <summary>A value that only the boot loader knows: missing while it does not answer.</summary>
    private void Gauge(string name, string description, Func<BootStatus, IEnumerable<Measurement<double>>> look) =>
        Device.CreateObservableGauge(name, () => Status() is { } now ? look(now) : [], null, description);

    private BootStatus? Status()
    {
        lock (gate)
        {
            if (askedAt is { } at && time.GetElapsedTime(at) < SameLook)
            {
                return status;
            }
            try
            {
                status = boot.Status();
            }
            catch (RpcException)
            {
                // Not an error of whoever looks: that it does not answer is what the look shows.
                status = null;
            }
            askedAt = time.GetTimestamp();
            return status;
        }
    }

    private static IEnumerable<Measurement<double>> OneOf(
        IEnumerable<string> all, string current, string label, params (string Name, string Value)[] more) =>
        all.Append(current).Distinct().Select(state => Of(state == current ? 1 : 0, [.. more, (label, state)]));

    private static Measurement<double> Of(double value, params (string Name, string Value)[] labels) =>
        new(value, labels.Select(label => new KeyValuePair<string, object?>(label.Name, label.Value)));

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
