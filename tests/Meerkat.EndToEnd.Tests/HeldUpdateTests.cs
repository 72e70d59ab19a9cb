using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>Updates that are installed and not started.</summary>
public sealed class HeldUpdateTests
{
    private static readonly TestFirmware Next = TestFirmware.Good("1.1.0");

    public static TheoryData<string> Ways => ["form", "query", "pull by query", "RPC", "pieces"];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task HeldUpdate_StartsWhenItIsActivated(string way)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var firmware = device.Firmware;

        Assert.Contains("installed", await InstallAsync(device, way), StringComparison.Ordinal);

        var status = (await device.StatusAsync())!;
        Assert.Equal(("held", 1, 0), ((string?)status["phase"], (int?)status["held_slot"], (int?)status["state"]));
        Assert.Equal(firmware, device.Firmware);
        Assert.Equal("written", (string?)status["slots"]![1]!["state"]);
        Assert.Null((await device.CallAsync("OTA.Activate")).Error);
        await device.RunsAsync("1.1.0", trial: true);
        Assert.Equal(600, (int?)(await device.StatusAsync())!["commit_timeout"]);
        Assert.Null((await device.CallAsync("OTA.Commit")).Error);
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Fact]
    public async Task HeldUpdate_SurvivesKillAndRestart_AndIsReplacedOrDiscarded()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        await InstallAsync(device, "form");
        await device.KillEverythingAsync();
        device.Start();
        await device.RunsAsync("1.0.0", trial: false);
        Assert.Equal("held", (string?)(await device.StatusAsync())!["phase"]);
        Assert.Contains("an installed update waits in slot 1", (string?)(await device.CallAsync("OTA.CreateSnapshot")).Error!["message"], StringComparison.Ordinal);

        Assert.Null((await device.CallAsync("OTA.Revert")).Error);
        Assert.Equal("idle", (string?)(await device.StatusAsync())!["phase"]);
        Assert.Contains("no installed update", (string?)(await device.CallAsync("OTA.Activate")).Error!["message"], StringComparison.Ordinal);

        await InstallAsync(device, "form");
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
        Assert.DoesNotContain(device.Starts(), line => line.StartsWith("1.1.0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ActivateThatIsNoFlag_IsRefused()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var (code, text) = await FormAsync(device, ("activate", "perhaps"));
        Assert.Equal((400, "activate must be true or false, found \"perhaps\"\r\n"), (code, text));
        await device.UpdateAsync(Next);
    }

    [Fact]
    public async Task FirmwareThatCrashes_FallsBackAfterItsActivation()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        await File.WriteAllBytesAsync(Path.Combine(device.Folder, "bad.zip"), new TestFirmware("1.1.0", "exit 3").Bundle());
        await CommandRun.RunInAsync(device.Folder, "curl", "-s", "-F", "file=@bad.zip", "-F", "activate=false", device.Url + "/update");
        Assert.Null((await device.CallAsync("OTA.Activate", """{"commit_timeout": 30}""")).Error);
        await device.FellBackToAsync("1.0.0", "exited");
    }

    private static async Task<string> InstallAsync(DeviceUnderTest device, string way)
    {
        await using var site = await FolderSite.StartAsync(device.Folder);
        await File.WriteAllBytesAsync(Path.Combine(device.Folder, "next.zip"), Next.Bundle());
        switch (way)
        {
            case "form":
                return (await FormAsync(device, ("activate", "false"), ("commit_timeout", "600"))).Text;
            case "query":
                return (await CommandRun.RunInAsync(
                    device.Folder, "curl", "-s", "-F", "file=@next.zip", device.Url + "/update?activate=0&commit_timeout=600")).Output;
            case "pull by query":
                return (await device.GetAsync($"/update?url={site.Url}/next.zip&activate=false&commit_timeout=600")).Text;
            case "RPC":
                return $"{(await device.CallAsync("OTA.Update", $$"""{"url": "{{site.Url}}/next.zip", "activate": false, "commit_timeout": 600}""")).Result}";
            default:
                Assert.Null((await device.CallAsync("OTA.Begin", """{"activate": false, "commit_timeout": 600}""")).Error);
                var offset = 0;
                foreach (var piece in Next.Bundle().Chunk(4096))
                {
                    var (_, error) = await device.CallAsync("OTA.Write", $$"""{"offset": {{offset}}, "data": "{{Convert.ToBase64String(piece)}}"}""");
                    Assert.Null(error);
                    offset += piece.Length;
                }
                return $"{(await device.CallAsync("OTA.End")).Result}";
        }
    }

    private static async Task<(int Code, string Text)> FormAsync(DeviceUnderTest device, params (string Name, string Value)[] fields)
    {
        await File.WriteAllBytesAsync(Path.Combine(device.Folder, "next.zip"), Next.Bundle());
        var run = await CommandRun.RunInAsync(
            device.Folder, "curl",
            ["-s", "-w", "%{http_code}", "-F", "file=@next.zip", .. fields.SelectMany(field => (string[])["-F", $"{field.Name}={field.Value}"]), device.Url + "/update"]);
        return (int.Parse(run.Output[^3..], System.Globalization.CultureInfo.InvariantCulture), run.Output[..^3]);
    }
}
