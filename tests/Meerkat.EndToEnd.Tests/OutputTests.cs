using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>What a firmware prints: kept to its end, bounded, whatever it is.</summary>
public sealed class OutputTests
{
    private const int KeptBytes = 64 * 1024;
    private const int MostLogBytes = 2 * ((1 << 20) + KeptBytes);

    [Fact]
    public async Task Flood_IsBounded_AndItsEndIsKept()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var (code, text) = await device.PushAsync(
            new TestFirmware("1.1.0", "yes 'one line of many' | head -c 5000000; echo; printf '\\377\\376 last \\000 words'; exit 1").Bundle(),
            commitTimeout: 60);
        Assert.True(code == 200, text);

        var status = await device.FellBackToAsync("1.0.0", "exited");

        Assert.EndsWith("\ufffd\ufffd last \0 words", (string?)status["last_output"], StringComparison.Ordinal);
        var full = (string)(await device.CallAsync("OTA.Status", """{"output": "full"}""")).Result!["last_output"]!;
        Assert.InRange(full.Length, KeptBytes - 100, KeptBytes);
        Assert.EndsWith("\ufffd\ufffd last \0 words", full, StringComparison.Ordinal);
        Assert.InRange(Directory.GetFiles(device.PathOf("log"), "slot-1*").Sum(path => new FileInfo(path).Length), 1, MostLogBytes);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task ClosedOutput_IsNoTrouble()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(new TestFirmware("1.1.0", "exec sleep 100000 >&- 2>&- <&-"));
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }
}
