namespace Meerkat.Browser.Tests;

/// <summary>Devices with the sample firmware, and files to drop on them.</summary>
internal static class Samples
{
    /// <summary>A device with thermostat 1.0.0.</summary>
    public static async Task<DeviceUnderTest> ThermostatAsync(params string[] settings)
    {
        var device = await DeviceUnderTest.StartAsync(
            await File.ReadAllBytesAsync(Repository.Sample("thermostat-1.0.0")),
            [$"thermostat.listen_addr=127.0.0.1:{DeviceUnderTest.FreePort()}", "device.id=kiosk-07", .. settings]);
        await device.RunsAsync("1.0.0", trial: false);
        return device;
    }

    /// <summary>A file in the device's own folder.</summary>
    public static async Task<string> FileAsync(DeviceUnderTest device, string name, byte[] content)
    {
        var path = Path.Combine(device.Folder, name);
        await File.WriteAllBytesAsync(path, content);
        return path;
    }

    public static Task<string> BundleAsync(DeviceUnderTest device, TestFirmware firmware) =>
        FileAsync(device, $"fw-{firmware.Version}.zip", firmware.Bundle());
}
