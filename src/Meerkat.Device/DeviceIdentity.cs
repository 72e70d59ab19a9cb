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
    /// <param name="device">The device's root.</param>
    /// <param name="status">What the boot loader says.</param>
    /// <param name="configuredId"><c>device.id</c>; empty: made from the machine's own id.</param>
    public static DeviceIdentity Of(DeviceRoot device, BootStatus status, string configuredId)
    {
        var slot = status.Running is { } number ? new SlotId(number) : (SlotId?)null;
        var slots = new SlotStore(device.Volume);
        var mac = DeviceName.Mac();
        return new DeviceIdentity(
            configuredId.Length > 0 ? configuredId : DeviceName.Own(mac),
            mac,
            slot is { } some ? slots.ReadSeal(some)?.Name ?? "" : "",
            device.Board.Platform,
            status.FirmwareIn(status.Running),
            slot,
            status.BootVersion,
            typeof(DeviceIdentity).Assembly.GetName().Version?.ToString(3) ?? "0");
    }
}
