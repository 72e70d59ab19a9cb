using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>
/// Bundles too large to be sent before the answer is known: a sender must see the answer, not a broken connection. Curl waits for
/// <c>100 Continue</c> before a large body; without it, and in chunks, it sends at once.
/// </summary>
public sealed class LargeUploadTests
{
    private const int LargeBytes = 60_000_000;

    public static TheoryData<string> Ways => ["", "-H Expect:", "-H Expect: -H Transfer-Encoding:chunked"];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task RefusedByItsManifest_SenderSeesWhy(string way)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bundle = Save(device, Large("1.1.0") with { Manifest = new() { ["platform"] = "esp32" } });
        var push = await CommandRun.CurlAsync([.. Words(way), "-w", "%{http_code}", "-F", "file=@" + bundle, device.Url + "/update"]);
        Assert.Equal((0, "-1 Wrong platform: this device is linux-x64, the bundle is for esp32\r\n500"), (push.ExitCode, push.Output));
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task RefusedBeforeItIsRead_SenderSeesWhy(string way)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bundle = Save(device, Large("1.2.0"));
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 300);
        Assert.True(code == 200, text);
        await device.RunsAsync("1.1.0", trial: true);
        var push = await CommandRun.CurlAsync([.. Words(way), "-w", "%{http_code}", "-F", "file=@" + bundle, device.Url + "/update"]);
        Assert.Equal(
            (0, "-1 the previous update has not been committed yet; commit or revert it first\r\n409"), (push.ExitCode, push.Output));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Good_IsInstalledByteForByte(string way)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var firmware = Large("1.1.0");
        var push = await CommandRun.CurlAsync(
            [.. Words(way), "-F", "file=@" + Save(device, firmware), "-F", "commit_timeout=300", device.Url + "/update"]);
        Assert.Equal((0, "1 Update applied, rebooting\r\n"), (push.ExitCode, push.Output));
        await device.RunsAsync("1.1.0", trial: true);
        var image = await File.ReadAllBytesAsync(device.PathOf("slots/1/image"));
        Assert.True(image.AsSpan().SequenceEqual(firmware.Image), "the image is not the bundle's");
    }

    private static TestFirmware Large(string version) => new(version, "exec sleep 100000\n#" + new string('x', LargeBytes));

    private static string Save(DeviceUnderTest device, TestFirmware firmware)
    {
        var path = Path.Combine(device.Folder, "large.zip");
        File.WriteAllBytes(path, firmware.Bundle());
        return path;
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
