using System.Text.Json;

namespace Thermostat;

/// <summary>The <c>thermostat</c> section of the configuration.</summary>
/// <param name="ListenAddress"><c>listen_addr</c>; read once, at the start.</param>
/// <param name="Target">Wanted temperature in degrees Celsius.</param>
/// <param name="Name">What the owner calls this thermostat.</param>
/// <param name="FillBytes"><c>fill_bytes</c>: how much the disk-filling version writes; 0 means until the disk
/// is full.</param>
internal sealed record Settings(string ListenAddress, double Target, string Name, long FillBytes)
{
    // A firmware that fills a disk by accident of a missing setting would be a poor sample.
    private const long DefaultFillBytes = 64 * 1024 * 1024;

    public static Settings Defaults { get; } = new("127.0.0.1:8081", 20.0, "thermostat", DefaultFillBytes);

    /// <exception cref="JsonException">The text is not JSON.</exception>
    public static Settings Parse(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("thermostat", out var section)
            || section.ValueKind != JsonValueKind.Object)
        {
            return Defaults;
        }
        return new Settings(
            Text(section, "listen_addr") ?? Defaults.ListenAddress,
            Number(section, "target") ?? Defaults.Target,
            Text(section, "name") ?? Defaults.Name,
            (long)(Number(section, "fill_bytes") ?? Defaults.FillBytes));
    }

    private static string? Text(JsonElement section, string key) =>
        section.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static double? Number(JsonElement section, string key) =>
        section.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number
            ? value.GetDouble()
            : null;
}
