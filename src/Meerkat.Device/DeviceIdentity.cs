using System.Security.Cryptography;
using System.Text;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Device;

/// <summary>Who this device is and what runs on it: constant while this program runs, which is restarted with every slot.</summary>
/// <param name="Id"><c>device.id</c>, or a name made from the machine's own id.</param>
/// <param name="Mac">Of the first network card, 12 upper-case digits; empty when there is none.</param>
/// <param name="App">The manifest's name; empty when nothing runs.</param>
/// <param name="Platform">The board's.</param>
/// <param name="Firmware">Version and build id of the running slot.</param>
/// <param name="Slot">The running slot; none in recovery.</param>
/// <param name="BootVersion">Of the boot loader.</param>
/// <param name="AgentVersion">Of this program.</param>
public sealed record DeviceIdentity(
    string Id, string Mac, string App, string Platform, FirmwareVersion Firmware, SlotId? Slot, string BootVersion, string AgentVersion)
{
    private static readonly string[] MachineIdFiles = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

    /// <param name="device">The device's root.</param>
    /// <param name="status">What the boot loader says.</param>
    /// <param name="configuredId"><c>device.id</c>; empty: made from the machine's own id.</param>
    public static DeviceIdentity Of(DeviceRoot device, BootStatus status, string configuredId)
    {
        var slot = status.Running is { } number ? new SlotId(number) : (SlotId?)null;
        var slots = new SlotStore(device.Volume);
        var mac = ReadMac();
        return new DeviceIdentity(
            configuredId.Length > 0 ? configuredId : OwnId(mac),
            mac,
            slot is { } some ? slots.ReadSeal(some)?.Name ?? "" : "",
            device.Board.Platform,
            slot is { } running
                ? new FirmwareVersion(status.Slots[running.Number].Version, status.Slots[running.Number].BuildId)
                : FirmwareVersion.None,
            slot,
            status.BootVersion,
            typeof(DeviceIdentity).Assembly.GetName().Version?.ToString(3) ?? "0");
    }

    /// <summary>The machine's id itself is a secret by its manual page, so it is hashed.</summary>
    private static string OwnId(string mac)
    {
        var machine = MachineIdFiles.Where(File.Exists).Select(file => File.ReadAllText(file).Trim())
            .FirstOrDefault(id => id.Length > 0);
        var source = machine ?? (mac.Length > 0 ? mac : Environment.MachineName);
        return "meerkat_" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes("meerkat device id " + source)))[..12];
    }

    private static string ReadMac()
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
