using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>A bundle that failed its trial twice is not tried again, whoever sends it, unless it is forced.</summary>
public sealed class RetryBudgetTests
{
    /// <summary>It exits until somebody mends the device.</summary>
    private static readonly TestFirmware Bad = new("6.6.6", "[ -e \"$MEERKAT_DATA/mended\" ] || exit 7; exec sleep 100000");

    private const string Refusal =
        "version 6.6.6 failed its trial on this device 2 times, the last time because: firmware exited; it is not tried again unless it is forced";

    [Fact]
    public async Task FailedTwice_IsRefusedAlsoAfterARestart_AndForceTakesIt()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await FailAsync(device, 1);
        await FailAsync(device, 2);
        await device.KillEverythingAsync();
        device.Start();
        await device.AnswersAsync();
        await device.RunsAsync("1.0.0", trial: false);

        var (code, text) = await device.PushAsync(Bad.Bundle(), commitTimeout: 60);
        Assert.Equal(500, code);
        Assert.Contains(Refusal, text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(device.PathOf("slots/1")));
        var bundle = Path.Combine(device.Folder, "bad.zip");
        await File.WriteAllBytesAsync(bundle, Bad.Bundle());
        var refused = await CommandRun.RunAsync(Repository.Program("meerkat"), "update", bundle, "--port", device.Url);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("meerkat update --force", refused.Error, StringComparison.Ordinal);
        Assert.Equal(2, BadStarts(device));

        // It fails once more, which the tool tells as any fall back.
        var forced = await CommandRun.RunAsync(
            Repository.Program("meerkat"), "update", bundle, "--port", device.Url, "--force", "--commit", "--commit-timeout", "60");
        Assert.True(forced.ExitCode == 3, forced.Error);
        Assert.Equal(3, BadStarts(device));

        // Mended, it is committed, and nothing is held against it any more.
        await File.WriteAllTextAsync(device.PathOf("data/mended"), "");
        await File.WriteAllBytesAsync(device.PathOf("slots/0/fs/bad.zip"), Bad.Bundle());
        var (_, error) = await device.CallAsync("OTA.Update", """{"file": "bad.zip"}""");
        Assert.Contains("failed its trial on this device 3 times", (string?)error!["message"], StringComparison.Ordinal);
        Assert.Null((await device.CallAsync("OTA.Update", """{"file": "bad.zip", "force": true, "commit_timeout": 60}""")).Error);
        await device.RunsAsync("6.6.6", trial: true);
        Assert.Null((await device.CallAsync("OTA.Commit")).Error);
        await device.RunsAsync("6.6.6", trial: false);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
        await device.UpdateAsync(Bad);
    }

    [Fact]
    public async Task ForceInTheQueryOrBeforeTheFile_TakesIt_AndAnotherBundleNeedsNone()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await FailAsync(device, 1);
        await FailAsync(device, 2);
        await using var site = await FolderSite.StartAsync(device.Folder);
        await File.WriteAllBytesAsync(Path.Combine(device.Folder, "bad.zip"), Bad.Bundle());

        var (code, text) = await device.GetAsync($"/update?url={site.Url}/bad.zip");
        Assert.Contains(Refusal, text, StringComparison.Ordinal);
        Assert.NotEqual(200, code);
        Assert.Equal((400, "force must be true or false, found \"maybe\"\r\n"), await device.GetAsync("/update?force=maybe"));
        Assert.Equal(2, BadStarts(device));
        Assert.Equal(200, (await device.GetAsync($"/update?url={site.Url}/bad.zip&force=true&commit_timeout=60")).Code);
        await FellBackAgainAsync(device, 3);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task Revert_IsNotHeldAgainstTheBundle()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bundle = TestFirmware.Good("1.1.0").Bundle();
        for (var round = 0; round < 3; round++)
        {
            var (code, text) = await device.PushAsync(bundle, commitTimeout: 60);
            Assert.True(code == 200, text);
            await device.RunsAsync("1.1.0", trial: true);
            Assert.Null((await device.CallAsync("OTA.Revert")).Error);
            await device.RunsAsync("1.0.0", trial: false);
        }
    }

    [Fact]
    public async Task Polling_TriesItTwiceAndNoMore()
    {
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, "fw.zip"), Bad.Bundle());
            await using var site = await FolderSite.StartAsync(folder);
            await using var device = await DeviceUnderTest.StartAsync("update.interval=1", $"update.url={site.Url}/fw.zip");
            await Eventually.HoldsAsync(
                $"polling was refused three times\n{device.Log}",
                async () => await device.StatusAsync() is { } now && (int?)now["poll"]?["failures"] >= 3
                    && ((string?)now["poll"]!["last_message"])!.Contains("it is not tried again", StringComparison.Ordinal));
            Assert.Equal(2, device.Log.Split("it is not tried again").Length);
            Assert.Equal(2, BadStarts(device));
            Assert.Equal("1.0.0", (string?)(await device.StatusAsync())!["version"]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Whatever number of attempts is left, only the loss of power is retried.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task MoreAttempts_DoNotHelpAgainstACrash(bool killed)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var board = JsonNode.Parse(await File.ReadAllTextAsync(device.PathOf("board.json")))!;
        board["trial_attempts"] = 3;
        await device.StopAsync();
        await File.WriteAllTextAsync(device.PathOf("board.json"), board.ToJsonString());
        device.Start();
        await device.RunsAsync("1.0.0", trial: false);
        if (!killed)
        {
            await FailAsync(device, 1);
            return;
        }
        await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 60);
        await device.RunsAsync("1.1.0", trial: true);
        await device.KillEverythingAsync();
        device.Start();
        await device.FellBackToAsync("1.0.0", "boot_loader_stopped");
        Assert.Single(device.Starts(), line => line.StartsWith("1.1.0", StringComparison.Ordinal));
    }

    private static async Task FailAsync(DeviceUnderTest device, int times)
    {
        var (code, text) = await device.PushAsync(Bad.Bundle(), commitTimeout: 60);
        Assert.True(code == 200, text);
        await FellBackAgainAsync(device, times);
    }

    private static async Task FellBackAgainAsync(DeviceUnderTest device, int times)
    {
        await Eventually.HoldsAsync($"it was started {times} times\n{device.Log}", () => BadStarts(device) == times);
        await device.FellBackToAsync("1.0.0", "exited");
    }

    private static int BadStarts(DeviceUnderTest device) =>
        device.Starts().Count(line => line.StartsWith("6.6.6", StringComparison.Ordinal));
}
