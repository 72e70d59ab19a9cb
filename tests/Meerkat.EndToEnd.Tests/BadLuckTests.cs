using System.Diagnostics;
using System.Globalization;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>Processes that are killed, disks that are full, media that are damaged.</summary>
public sealed class BadLuckTests
{
    [Fact]
    public async Task BootLoaderKilledAlone_TakesEverythingWithIt()
    {
        var firmware = TestFirmware.Good("1.0.0") with { Script = "(setsid sleep 100000 &); sleep 100000 & exec sleep 100000" };
        await using var device = await DeviceUnderTest.StartAsync(firmware.Bundle());
        await Eventually.HoldsAsync("firmware with its children, and the agent", () => ProcessLook.Of(device.Root).Count == 4);
        var start = Stopwatch.GetTimestamp();
        DeviceUnderTest.Kill(device.BootLoader);
        await Eventually.HoldsAsync("nothing is left", () => ProcessLook.Of(device.Root).Count == 0);
        // The promise is two seconds; the rest is for a machine that does other things too.
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20));
        device.Start();
        await device.RunsAsync("1.0.0", trial: false);
    }

    [Fact]
    public async Task AgentKilledAlone_IsRestarted_AndTheFirmwareIsNotDisturbed()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var (firmware, agent) = (device.Firmware, device.Agent);
        DeviceUnderTest.Kill(agent);
        await Eventually.HoldsAsync("another agent", () => device.Agent != agent && device.Agent != 0);
        await device.AnswersAsync();
        Assert.Equal(firmware, device.Firmware);
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
    }

    [Fact]
    public async Task AgentKilledInTheMiddleOfAnInstall_FreesTheSlot()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bundle = TestFirmware.Good("1.1.0").Bundle();
        await device.CallAsync("OTA.Begin", """{"commit_timeout":60}""");
        await device.CallAsync("OTA.Write", $$"""{"offset":0,"data":"{{Convert.ToBase64String(bundle, 0, 900)}}"}""");
        Assert.True(Directory.Exists(device.PathOf("slots/1")));
        var agent = device.Agent;
        DeviceUnderTest.Kill(agent);
        await Eventually.HoldsAsync("another agent", () => device.Agent != agent && device.Agent != 0);
        await device.AnswersAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
    }

    [Fact]
    public async Task FirmwareKilledAlone_IsRestarted_WhenItIsCommitted()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var (firmware, agent) = (device.Firmware, device.Agent);
        DeviceUnderTest.Kill(firmware);
        await Eventually.HoldsAsync("another firmware", () => device.Firmware != firmware && device.Firmware != 0);
        Assert.Equal(agent, device.Agent);
        await device.RunsAsync("1.0.0", trial: false);
    }

    [Fact]
    public async Task SecondBootLoader_IsRefused_AndTheFirstGoesOn()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var second = await CommandRun.RunAsync(Repository.Program("meerkat-boot"), device.Root);
        Assert.Equal(1, second.ExitCode);
        Assert.Contains("another meerkat-boot runs the device", second.Error, StringComparison.Ordinal);
        await device.RunsAsync("1.0.0", trial: false);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task OneRecordCopyDamaged_TheOtherCounts(int copy)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        await device.StopAsync();
        Damage(device.PathOf($"boot/record.{copy}"));
        device.Start();
        // The newer copy may be the damaged one; then the state is older by one write, but complete.
        await device.AnswersAsync();
        await Eventually.HoldsAsync("a complete firmware runs", async () =>
            (string?)(await device.StatusAsync())?["version"] is "1.0.0" or "1.1.0");
        await Eventually.HoldsAsync("settled", async () => (bool?)(await device.StatusAsync())?["is_committed"] == true);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task BothRecordCopiesDamaged_TheSealsDecide()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        await device.StopAsync();
        Damage(device.PathOf("boot/record.0"));
        Damage(device.PathOf("boot/record.1"));
        device.Start();
        await device.RunsAsync("1.1.0", trial: false);
        Assert.Equal("record_lost", (string?)(await device.StatusAsync())!["reason"]!["code"]);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task DamagedImage_TheOtherCommittedSlotTakesOver()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        Assert.Null((await device.CallAsync("Config.Set", """{"config": {"app": {"target": 23}}, "save": true}""")).Error);
        await device.StopAsync();
        Damage(device.PathOf("slots/1/image"));
        device.Start();
        await device.FellBackToAsync("1.0.0", "image_broken");
        Assert.Equal("23", (await device.CallAsync("Config.Get", """{"key": "app.target"}""")).Result!.ToJsonString());
    }

    [Fact]
    public async Task NothingBootable_TheAgentTakesAnUpdate()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.CallAsync("FS.Put", """{"filename": "diary.txt", "data": "ZGVhciBkaWFyeQ=="}""");
        await device.StopAsync();
        Damage(device.PathOf("slots/0/image"));
        device.Start();
        await device.AnswersAsync();
        Assert.Equal("recovery", (string?)(await device.StatusAsync())!["phase"]);
        Assert.Equal(0, device.Firmware);

        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 60);
        Assert.True(code == 200, text);
        await device.RunsAsync("1.1.0", trial: true);
        Assert.Null((await device.CallAsync("OTA.Commit")).Error);
        await device.RunsAsync("1.1.0", trial: false);
        Assert.Equal("dear diary", await File.ReadAllTextAsync(device.PathOf("slots/1/fs/diary.txt")));
    }

    [Fact]
    public async Task KilledAnywhereInAnInstall_StartsTheOldVersion_AndTakesTheNextUpdate()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bundle = TestFirmware.Good("1.1.0").Bundle();
        foreach (var received in (int[])[20, 500, 900, 2000, bundle.Length])
        {
            Assert.Null((await device.CallAsync("OTA.Begin", """{"commit_timeout":60}""")).Error);
            Assert.Null((await device.CallAsync(
                "OTA.Write", $$"""{"offset":0,"data":"{{Convert.ToBase64String(bundle, 0, received)}}"}""")).Error);
            await device.KillEverythingAsync();
            device.Start();
            await device.RunsAsync("1.0.0", trial: false);
            await Eventually.HoldsAsync("the half-written slot is gone", () => !Directory.Exists(device.PathOf("slots/1")));
        }
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
    }

    [Fact]
    public async Task StrangeThingsInTheOldFileSystem_AreMergedOrLeft()
    {
        var old = TestFirmware.Good("1.0.0") with
        {
            Script = """
                mkfifo pipe
                ln -s /etc outside
                mkdir -p empty clash-dir/inside
                echo mine >clash-dir/inside/file
                echo mine >clash-file
                echo mine >'name with a space'
                chmod 400 'name with a space'
                exec sleep 100000
                """,
        };
        var next = TestFirmware.Good("1.1.0");
        next.Files["clash-dir"] = "a file now";
        next.Files["clash-file/inside"] = "a directory now";
        await using var device = await DeviceUnderTest.StartAsync(old.Bundle());
        await Eventually.HoldsAsync("the firmware is done", () => File.Exists(device.PathOf("slots/0/fs/name with a space")));

        await device.UpdateAsync(next);

        string In(string name) => device.PathOf("slots/1/fs/" + name);
        Assert.Equal("/etc", new FileInfo(In("outside")).LinkTarget);
        Assert.True(Directory.Exists(In("empty")));
        Assert.False(File.Exists(In("pipe")));
        Assert.Equal("a file now", await File.ReadAllTextAsync(In("clash-dir")));
        Assert.Equal("a directory now", await File.ReadAllTextAsync(In("clash-file/inside")));
        Assert.Equal((UnixFileMode)0b100_000_000, File.GetUnixFileMode(In("name with a space")));
        Assert.Contains(", 1 skipped", device.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TooLittleSpace_IsSaidBeforeAnythingIsWritten()
    {
        await using var medium = await SmallMedium.MakeAsync("6m");
        await using var device = await medium.StartAsync();
        var big = TestFirmware.Good("1.1.0") with { Script = TestFirmware.Stay + "\n# " + new string('x', 8_000_000) };
        var (code, text) = await device.PushAsync(big.Bundle(), commitTimeout: 60);
        Assert.Equal(500, code);
        Assert.Matches("needs [0-9.]+ MB more", text);
        Assert.False(Directory.Exists(device.PathOf("slots/1")));
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task FileSystemThatFillsInATrial_FallsBack_AndHasRoomAgain()
    {
        await using var medium = await SmallMedium.MakeAsync("8m");
        await using var device = await medium.StartAsync();
        await device.PushAsync(
            new TestFirmware("6.6.6", "dd if=/dev/zero of=filler bs=64k 2>/dev/null; exec sleep 100000").Bundle(), commitTimeout: 6);
        await Eventually.HoldsAsync("the medium is full", () => new DriveInfo(medium.Folder).AvailableFreeSpace == 0);
        await device.FellBackToAsync("1.0.0", "no_commit");
        await Eventually.HoldsAsync("there is room again", () => new DriveInfo(medium.Folder).AvailableFreeSpace > 4_000_000);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task FileSystemThatFillsInTheMerge_FallsBack()
    {
        await using var medium = await SmallMedium.MakeAsync("8m");
        await using var device = await medium.StartAsync();
        // Sparse where the estimate looks, dense once it is copied.
        await using (var sparse = File.Create(device.PathOf("slots/0/fs/sparse")))
        {
            sparse.SetLength(1000);
        }
        var bundle = TestFirmware.Good("1.1.0").Bundle();
        Assert.Null((await device.CallAsync("OTA.Begin", """{"commit_timeout":60}""")).Error);
        Assert.Null((await device.CallAsync(
            "OTA.Write", $$"""{"offset":0,"data":"{{Convert.ToBase64String(bundle)}}"}""")).Error);
        // The old firmware grows after the update was weighed.
        await using (var grown = File.OpenWrite(device.PathOf("slots/0/fs/sparse")))
        {
            grown.SetLength(20_000_000);
        }
        Assert.Null((await device.CallAsync("OTA.End")).Error);
        var status = await device.FellBackToAsync("1.0.0", "merge_failed");
        Assert.Contains("No space left", (string?)status["reason"]!["text"], StringComparison.Ordinal);
        File.Delete(device.PathOf("slots/0/fs/sparse"));
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    /// <summary>Changes a byte in the middle.</summary>
    private static void Damage(string path)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = file.Length / 2;
        var value = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(value ^ 0xFF));
    }

    /// <summary>A file system of a few megabytes, where the machine allows one.</summary>
    private sealed class SmallMedium : IAsyncDisposable
    {
        private SmallMedium(string folder) => Folder = folder;

        public string Folder { get; }

        public static async Task<SmallMedium> MakeAsync(string size)
        {
            Assert.SkipUnless(DeviceUnderTest.IsRoot, "only root can mount a small file system");
            var folder = Directory.CreateTempSubdirectory("meerkat-small-").FullName;
            var mount = await CommandRun.RunAsync(
                "mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={size},mode=755"), "tmpfs", folder);
            if (mount.ExitCode != 0)
            {
                Directory.Delete(folder);
                Assert.Skip("this machine mounts no tmpfs: " + mount.Error);
            }
            return new SmallMedium(folder);
        }

        public async Task<DeviceUnderTest> StartAsync()
        {
            var device = await DeviceUnderTest.MakeAsync(
                TestFirmware.Good("1.0.0").Bundle(),
                Repository.Program("meerkat"),
                Repository.Program("meerkat-boot"),
                Directory.CreateDirectory(Path.Combine(Folder, "d")).FullName);
            device.Start();
            await device.AnswersAsync();
            return device;
        }

        public async ValueTask DisposeAsync()
        {
            await CommandRun.RunAsync("umount", Folder);
            Directory.Delete(Folder);
        }
    }
}
