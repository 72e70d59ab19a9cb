using System.Globalization;
using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Core.Protocol;
using Meerkat.Rpc;

namespace Meerkat.Device.Services;

/// <summary><c>Sys.*</c> (specification 7.9).</summary>
internal sealed class SysService(DeviceRoot device, DeviceIdentity identity, BootLoaderCalls boot, DeviceRestart restart, TimeProvider time)
{
    private const int MostDelayMilliseconds = 86_400_000;
    private const string MemoryFile = "/proc/meminfo";

    private readonly long started = time.GetTimestamp();

    public void AddTo(RpcDispatcher calls)
    {
        calls.Add("Sys.GetInfo", "", "Who this device is and what it has", (_, _) => Task.FromResult<JsonNode?>(Info()));
        calls.Add("Sys.Reboot", "{delay_ms: %d, force: %B}", "Restarts the device; in a trial only with force, which gives the trial up", Reboot);
    }

    private JsonObject Info()
    {
        var drive = new DriveInfo(device.Path);
        var memory = Memory();
        return new JsonObject
        {
            ["id"] = identity.Id,
            ["app"] = identity.App,
            ["fw_version"] = identity.Firmware.Version,
            ["fw_id"] = identity.Firmware.BuildId,
            ["mg_version"] = identity.AgentVersion,
            ["mg_id"] = $"meerkat-{identity.AgentVersion}",
            ["mac"] = identity.Mac,
            ["arch"] = identity.Platform,
            ["uptime"] = (long)time.GetElapsedTime(started).TotalSeconds,
            ["ram_size"] = memory.GetValueOrDefault("MemTotal"),
            ["ram_free"] = memory.GetValueOrDefault("MemAvailable"),
            ["fs_size"] = drive.TotalSize,
            ["fs_free"] = drive.AvailableFreeSpace,
            ["boot_version"] = identity.BootVersion,
            ["agent_version"] = identity.AgentVersion,
            ["running_slot"] = identity.Slot?.Number,
        };
    }

    private Task<JsonNode?> Reboot(RpcCall call, CancellationToken cancellationToken)
    {
        var delay = call.Arguments.WholeNumber("delay_ms", int.MinValue, MostDelayMilliseconds) ?? (long)DeviceRestart.AfterAnswer.TotalMilliseconds;
        if (delay < 0)
        {
            throw new RpcException(RpcErrorCode.BadRequest, "invalid delay value");
        }
        restart.Ask(boot.Status(), TimeSpan.FromMilliseconds(delay), call.Arguments.Flag("force") ?? false);
        return Task.FromResult<JsonNode?>(null);
    }

    /// <summary>Bytes by the system's name for them; empty where the system does not tell.</summary>
    private static Dictionary<string, long> Memory()
    {
        var amounts = new Dictionary<string, long>(StringComparer.Ordinal);
        if (!File.Exists(MemoryFile))
        {
            return amounts;
        }
        foreach (var line in File.ReadLines(MemoryFile))
        {
            if (line.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries) is [var name, var number, "kB"]
                && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var kilobytes))
            {
                amounts[name] = kilobytes * 1024;
            }
        }
        return amounts;
    }
}
