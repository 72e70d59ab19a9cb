using System.Globalization;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>Every way in which a trial ends: what runs then, what is said about it, and that the next update works.</summary>
public sealed class TrialEndingTests
{
    /// <param name="Name">For the test's name.</param>
    /// <param name="Script">The bad firmware.</param>
    /// <param name="Code">The reason, for machines.</param>
    /// <param name="Text">The reason, for people: how it begins.</param>
    public sealed record BadFirmware(string Name, string Script, string Code, string Text)
    {
        public override string ToString() => Name;
    }

    public static TheoryData<BadFirmware> BadFirmwares => new(
        new BadFirmware("exits", "echo last words; exit 7", "exited", "firmware exited with code 7 after "),
        new BadFirmware("exits-well", "exit 0", "exited", "firmware exited with code 0 after "),
        new BadFirmware("killed", "kill -SEGV $$", "signaled", "firmware was killed by signal 11 (SIGSEGV) after "),
        new BadFirmware("deadline", TestFirmware.Stay, "no_commit", "no commit within 4 s"),
        new BadFirmware("deaf", "trap '' TERM; while :; do sleep 1; done", "no_commit", "no commit within 4 s"),
        new BadFirmware("orphans", "(setsid sleep 100000 &) ; sleep 100000 & exit 3", "exited", "firmware exited with code 3 after "),
        new BadFirmware("wipes-itself", "rm -rf ./* ; exit 1", "exited", "firmware exited with code 1 after "));

    [Theory]
    [MemberData(nameof(BadFirmwares))]
    public async Task BadFirmware_FallsBack_AndTheNextUpdateWorks(BadFirmware bad)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.PushAsync(new TestFirmware("6.6.6", bad.Script).Bundle(), commitTimeout: 4);

        var status = await device.FellBackToAsync("1.0.0", bad.Code);

        Assert.StartsWith(bad.Text, (string?)status["reason"]!["text"], StringComparison.Ordinal);
        Assert.Equal("6.6.6", (string?)status["reason"]!["version"]);
        Assert.Contains("started 6.6.6", (string?)status["last_output"], StringComparison.Ordinal);
        Assert.Equal("failed", (string?)status["slots"]![1]!["state"]);
        Assert.Single(device.Starts(), line => line.StartsWith("6.6.6", StringComparison.Ordinal));
        await Eventually.HoldsAsync("the failed slot's files are gone", () => !Directory.Exists(device.PathOf("slots/1")));
        // Firmware, agent, nothing else: no orphan of the failed one.
        Assert.Equal(2, ProcessLook.Of(device.Root).Count);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task ImageThatCannotBeExecuted_FallsBack()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var image = new byte[] { 0x7f, (byte)'n', (byte)'o', 0 };
        var firmware = TestFirmware.Good("1.1.0");
        var bundle = new ZipBuilder()
            .Add("manifest.json", System.Text.Encoding.UTF8.GetBytes(firmware.ManifestFor(image, firmware.FileSystem).ToJsonString()))
            .Add("app", image)
            .Add("fs.tar", firmware.FileSystem)
            .ToArray();
        await device.PushAsync(bundle, commitTimeout: 60);
        var status = await device.FellBackToAsync("1.0.0", "start_failed");
        Assert.Contains("Exec format error", (string?)status["reason"]!["text"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task TimeoutZero_CommitsByItself_WhenReady()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 0);
        await device.RunsAsync("1.1.0", trial: false);
        Assert.Equal(1, (int)(await device.StatusAsync())!["active_slot"]!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Revert_GoesBack(bool byRpc)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 60);
        await device.RunsAsync("1.1.0", trial: true);
        if (byRpc)
        {
            Assert.Null((await device.CallAsync("OTA.Revert")).Error);
        }
        else
        {
            Assert.Equal((200, "Ok\r\n"), await device.GetAsync("/update/revert"));
        }
        await device.FellBackToAsync("1.0.0", "reverted");
    }

    [Fact]
    public async Task RestartInATrial_IsRefused_UnlessForced()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 60);
        await device.RunsAsync("1.1.0", trial: true);
        var (_, error) = await device.CallAsync("Sys.Reboot");
        Assert.Contains("would undo the update", (string?)error!["message"], StringComparison.Ordinal);
        await device.RunsAsync("1.1.0", trial: true);
        Assert.Null((await device.CallAsync("Sys.Reboot", """{"force": true}""")).Error);
        await device.FellBackToAsync("1.0.0", "restart_forced");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BootLoaderEnds_InATrial_FallsBack(bool killed)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 60);
        await device.RunsAsync("1.1.0", trial: true);
        await (killed ? device.KillEverythingAsync() : device.StopAsync());
        device.Start();
        var status = await device.FellBackToAsync("1.0.0", "boot_loader_stopped");
        Assert.Single(device.Starts(), line => line.StartsWith("1.1.0", StringComparison.Ordinal));
        Assert.Equal("failed", (string?)status["slots"]![1]!["state"]);
    }

    [Fact]
    public async Task AgentThatCannotListen_FallsBack()
    {
        await using var device = await DeviceUnderTest.StartAsync("device.id=pinned");
        // The address is what the test itself needs, so it is not pinned by the device but set by the user, and the bundle's
        // own defaults are overridden by the board's file here: the port below is refused whatever the user says.
        var board = await File.ReadAllTextAsync(device.PathOf("board.json"));
        Assert.Contains("listen_addr", board, StringComparison.Ordinal);
        await device.StopAsync();
        await File.WriteAllTextAsync(
            device.PathOf("board.json"), board.Replace("\"listen_addr\"", "\"unused\"", StringComparison.Ordinal));
        var files = TestFirmware.Good("1.0.0").Files;
        await File.WriteAllTextAsync(
            device.PathOf("slots/0/fs/conf0.json"), $$$"""{"http": {"listen_addr": "{{{device.Address}}}"}}""");
        device.Start();
        await device.AnswersAsync();
        Assert.NotEmpty(files);

        var bad = new TestFirmware("1.1.0", TestFirmware.Stay)
        {
            Files = new Dictionary<string, string> { ["conf0.json"] = """{"http": {"listen_addr": "192.0.2.1:80"}}""" },
        };
        await device.PushAsync(bad.Bundle(), commitTimeout: 60);

        await device.FellBackToAsync("1.0.0", "agent_unusable");
    }

    [Fact]
    public async Task FirmwareThatDeletesEverythingItCanReach_ReachesNothingOfOthers()
    {
        Assert.SkipUnless(DeviceUnderTest.IsRoot, "only root can run the firmware as somebody else");
        await using var device = await DeviceUnderTest.StartAsync();
        await device.CallAsync("FS.Put", """{"filename": "diary.txt", "data": "ZGVhciBkaWFyeQ=="}""");
        await device.PushAsync(
            new TestFirmware("6.6.6", "rm -rf ../.. ../../1 ../../0 ../../../boot ../../../slots; exit 1").Bundle(), commitTimeout: 60);
        await device.FellBackToAsync("1.0.0", "exited");
        Assert.Equal("dear diary", await File.ReadAllTextAsync(device.PathOf("slots/0/fs/diary.txt")));
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task Firmware_RunsAsAnUnprivilegedUser()
    {
        Assert.SkipUnless(DeviceUnderTest.IsRoot, "only root can run the firmware as somebody else");
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        Assert.NotEqual(0u, ProcessLook.User(device.Firmware));
    }

    [Fact]
    public async Task SettingsChangedInATrial_AreLostWithIt_AndTheReasonSaysSo()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 60);
        await device.RunsAsync("1.1.0", trial: true);
        await device.CallAsync("Config.Set", """{"config": {"app": {"target": 5}}, "save": true}""");
        await device.CallAsync("OTA.Revert");
        var status = await device.FellBackToAsync("1.0.0", "reverted");
        Assert.Contains("settings changed during the trial were lost", (string?)status["reason"]!["text"], StringComparison.Ordinal);
        Assert.Equal("20", (await device.CallAsync("Config.Get", """{"key": "app.target"}""")).Result!.ToJsonString());
    }

    [Fact]
    public async Task NeverReady_FallsBackAtTheReadyTimeout()
    {
        var page = DeviceUnderTest.FreePort().ToString(CultureInfo.InvariantCulture);
        await using var device = await DeviceUnderTest.StartAsync(
            await File.ReadAllBytesAsync(Repository.Sample("thermostat-1.0.0")),
            "boot.ready_timeout=8", "thermostat.listen_addr=127.0.0.1:" + page);
        await device.PushAsync(await File.ReadAllBytesAsync(Repository.Sample("thermostat-1.3.0")), commitTimeout: 300);
        var status = await device.FellBackToAsync("1.0.0", "not_ready");
        Assert.Equal("firmware was not ready within 8 s", (string?)status["reason"]!["text"]);
    }

    [Fact]
    public async Task SaysReady_CommitsByItself()
    {
        var page = DeviceUnderTest.FreePort().ToString(CultureInfo.InvariantCulture);
        await using var device = await DeviceUnderTest.StartAsync(
            await File.ReadAllBytesAsync(Repository.Sample("thermostat-1.0.0")), "thermostat.listen_addr=127.0.0.1:" + page);
        await device.PushAsync(await File.ReadAllBytesAsync(Repository.Sample("thermostat-1.4.0")), commitTimeout: 0);
        await device.RunsAsync("1.4.0", trial: false);
    }
}
