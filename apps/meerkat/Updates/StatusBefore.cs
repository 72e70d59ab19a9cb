using System.Text.Json.Nodes;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Updates;

/// <summary>What a device told before it was changed.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Version">What ran.</param>
/// <param name="Uptime">In seconds; null when it does not tell.</param>
internal sealed record StatusBefore(OtaStatus Status, string Version, double? Uptime)
{
    /// <exception cref="ToolException">The device is no device, or is away.</exception>
    public static async Task<StatusBefore> ReadAsync(RemoteDevice device, CancellationToken cancellationToken)
    {
        var status = await StatusAsync(device, cancellationToken);
        var info = await device.TryCallAsync("Sys.GetInfo", cancellationToken);
        return new StatusBefore(status, status.Version ?? VersionOf(info), UpdateWatch.Uptime(info));
    }

    public static async Task<OtaStatus> StatusAsync(RemoteDevice device, CancellationToken cancellationToken) =>
        await device.CallAsync("OTA.Status", null, cancellationToken) is JsonObject status
            ? OtaStatus.Read(status)
            : throw new ToolException("the device answered OTA.Status without a status");

    public static string VersionOf(JsonObject? info) => info?["fw_version"].Word ?? "unknown";
}
