using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Core.Settings;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>The names by which a device is told from others.</summary>
public static class DeviceName
{
    public const string Key = "device.id";


    private const int MostSettingsBytes = 1 << 20;
    private static readonly string[] MachineIdFiles = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

    /// <summary>The board's <c>device.id</c>, that of the settings last in force, or one made from the machine's own id.</summary>
    public static string Of(DeviceRoot device) => Configured(device.Board.Settings) ?? Configured(InForce(device.Volume)) ?? OwnOrHost();

    /// <summary>The settings with the question marks of <c>device.id</c> filled; the same ones when there are none.</summary>
    public static JsonObject Filled(JsonObject settings)
    {
        if (Configured(settings) is not { } name || !ConfigPath.TryGet(settings, Key, out var plain) || (string?)plain == name)
        {
            return settings;
        }
        var filled = settings.DeepClone().AsObject();
        ConfigPath.TrySet(filled, Key, name);
        return filled;
    }

    /// <summary>The machine's id itself is a secret by its manual page, so it is hashed.</summary>
    public static string Own(string mac)
    {
        var machine = MachineIdFiles.Where(File.Exists).Select(file => File.ReadAllText(file).Trim())
            .FirstOrDefault(id => id.Length > 0);
        var source = machine ?? (mac.Length > 0 ? mac : Environment.MachineName);
        return "meerkat_" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes("meerkat device id " + source)))[..12];
    }

    private static readonly Lazy<string> OwnMac = new(FindMac);

    /// <summary>Of the first network card, 12 upper-case digits; empty when there is none. Looked for once.</summary>
    public static string Mac() => OwnMac.Value;

    private static string FindMac()
    {
        const string cards = "/sys/class/net";
        if (!Directory.Exists(cards))
        {
            return "";
        }
        return Directory.EnumerateDirectories(cards)
            .Where(card => Path.GetFileName(card) != "lo")
            .Order(StringComparer.Ordinal)
            .Select(ReadAddress)
            .FirstOrDefault(address => address.Length == 12 && address.AsSpan().ContainsAnyExcept('0')) ?? "";
    }

    /// <summary>A name in a log line is no reason not to start.</summary>
    private static string OwnOrHost()
    {
        try
        {
            return Own(Mac());
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return Environment.MachineName;
        }
    }

    private static string? Configured(JsonObject? settings) =>
        settings is not null && ConfigPath.TryGet(settings, Key, out var value)
            && value?.GetValueKind() == System.Text.Json.JsonValueKind.String && (string?)value is { Length: > 0 } name
            ? Placeholders.Fill(name, Mac())
            : null;

    private static JsonObject? InForce(IVolume volume)
    {
        try
        {
            return ConfigText.Parse(volume.ReadSmall(RunConfiguration.Path, MostSettingsBytes)) is ConfigText.Parsed parsed ? parsed.Tree : null;
        }
        catch (StorageException)
        {
            // A name for log lines: the machine's own does too.
            return null;
        }
    }

    private static string ReadAddress(string card)
    {
        try
        {
            return File.ReadAllText(Path.Combine(card, "address")).Trim()
                .Replace(":", "", StringComparison.Ordinal).ToUpperInvariant();
        }
        catch (IOException)
        {
            // A card that vanished between the list and the look.
            return "";
        }
    }
}
