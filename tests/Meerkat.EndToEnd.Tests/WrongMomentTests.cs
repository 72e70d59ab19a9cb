using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>Restart, commit and revert while an update is on its way: refused in words, or done, and never half.</summary>
public sealed class WrongMomentTests
{
    [Fact]
    public async Task DuringAnInstall_RestartIsRefused_AndTheInstallGoesOn()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var firmware = device.Firmware;
        using var upload = await SlowUpload.BeginAsync(device.Address, TestFirmware.Good("1.1.0").Bundle());
        await upload.SendAsync(1000);
        await Eventually.HoldsAsync("the slot is being written", async () => (int?)(await device.StatusAsync())!["state"] == 1);

        await device.CallAsync("Sys.Reboot");
        await Eventually.HoldsAsync("the restart was refused", () => device.Log.Contains("an update is in progress", StringComparison.Ordinal)
            || device.Firmware != firmware);
        Assert.Equal(firmware, device.Firmware);
        foreach (var method in (string[])["OTA.Commit", "OTA.Revert"])
        {
            Assert.Contains("already committed", (string?)(await device.CallAsync(method)).Error!["message"], StringComparison.Ordinal);
        }

        Assert.Contains("Update applied", await upload.FinishAsync(), StringComparison.Ordinal);
        await device.RunsAsync("1.1.0", trial: true);
    }

    [Fact]
    public async Task RevertRightAfterTheAnswer_CancelsTheUpdate()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await File.WriteAllBytesAsync(Path.Combine(device.Folder, "fw.zip"), TestFirmware.Good("1.1.0").Bundle());

        // One process for both, so that nothing comes between them.
        var both = await CommandRun.RunInAsync(
            device.Folder, "curl", "-s", "-F", "file=@fw.zip", device.Url + "/update", "--next", "-s", device.Url + "/update/revert");

        Assert.Equal("1 Update applied, rebooting\r\nOk\r\n", both.Output);
        await device.RunsAsync("1.0.0", trial: false);
        var status = (await device.StatusAsync())!;
        Assert.Equal("empty", (string?)status["slots"]![1]!["state"]);
        Assert.Null(status["reason"]);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
        Assert.DoesNotContain(device.Starts(), line => line.StartsWith("1.1.0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task InRecovery_CommitRevertAndRestartSayWhatIs()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.StopAsync();
        await File.AppendAllTextAsync(device.PathOf("slots/0/image"), "damage");
        device.Start();
        await device.AnswersAsync();
        var agent = device.Agent;

        Assert.Equal(400, (await device.GetAsync("/update/commit")).Code);
        Assert.Equal(400, (await device.GetAsync("/update/revert")).Code);
        Assert.Null((await device.CallAsync("Sys.Reboot")).Error);
        await Eventually.HoldsAsync("the agent was started again", () => device.Agent is > 0 and var other && other != agent);
        await device.AnswersAsync();
        Assert.Equal("recovery", (string?)(await device.StatusAsync())!["phase"]);
        Assert.Equal(0, device.Firmware);
    }
}
