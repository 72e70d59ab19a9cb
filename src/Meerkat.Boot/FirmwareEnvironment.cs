using System.Globalization;
using System.Text.Json;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>What a firmware is told through its environment, and how it says that it is ready.</summary>
public static class FirmwareEnvironment
{
    /// <param name="root">The device's directory, absolute.</param>
    /// <param name="slot">The firmware's.</param>
    /// <param name="version">The firmware's.</param>
    /// <param name="trial">It is not committed yet.</param>
    /// <param name="watchdog">The longest silence between pings; 0: not watched.</param>
    public static Dictionary<string, string> Of(string root, SlotId slot, string version, bool trial, TimeSpan watchdog)
    {
        var variables = new Dictionary<string, string>
        {
            ["MEERKAT_ROOT"] = root,
            ["MEERKAT_SLOT"] = slot.ToString(),
            ["MEERKAT_FS"] = $"{root}/{SlotPaths.Files(slot)}",
            ["MEERKAT_DATA"] = $"{root}/{DeviceRoot.DataPath}",
            ["MEERKAT_CONFIG"] = $"{root}/{RunConfiguration.Path}",
            ["MEERKAT_VERSION"] = version,
            ["MEERKAT_TRIAL"] = trial ? "1" : "0",
        };
        if (watchdog > TimeSpan.Zero)
        {
            variables["WATCHDOG_USEC"] = ((long)watchdog.TotalMicroseconds).ToString(CultureInfo.InvariantCulture);
        }
        return variables;
    }

    /// <summary>The manifest's <c>ready</c> wins over the board's.</summary>
    internal static ReadyMode Ready(byte[]? manifest, ReadyMode standard)
    {
        try
        {
            using var json = JsonDocument.Parse(manifest ?? "{}"u8.ToArray());
            var ready = json.RootElement.TryGetProperty("ready", out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
            return ready switch
            {
                "notify" => ReadyMode.Notify,
                "alive" => ReadyMode.Alive,
                _ => standard,
            };
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return standard;
        }
    }
}
