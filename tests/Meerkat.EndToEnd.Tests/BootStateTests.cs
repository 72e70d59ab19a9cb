using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>The boot state set by hand, and snapshots.</summary>
public sealed class BootStateTests
{
    [Fact]
    public async Task OtherCommittedSlot_RunsAfterTheRestart_WithTheOldOneToFallBackTo()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));

        Assert.Null((await device.CallAsync("OTA.SetBootState", """{"active_slot": 0}""")).Error);

        AssertState((await device.CallAsync("OTA.GetBootState")).Result!, active: 0, committed: true, revert: 1);
        Assert.Equal("1.1.0", (string?)(await device.StatusAsync())!["version"]);
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.2.0").Bundle());
        Assert.Equal(409, code);
        Assert.Contains("restart", text, StringComparison.Ordinal);
        Assert.Null((await device.CallAsync("Sys.Reboot")).Error);
        await device.RunsAsync("1.0.0", trial: false);
        Assert.Equal(["version.txt"], Changed(device, 0, "version.txt", "1.0.0"));
        AssertState((await device.CallAsync("OTA.GetBootState")).Result!, active: 0, committed: true, revert: 1);
    }

    [Fact]
    public async Task OtherSlotOnTrial_FallsBackWithoutACommit_AndMergesNothing()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        await File.WriteAllTextAsync(device.PathOf("slots/1/fs/users.txt"), "mine");

        Assert.Null((await device.CallAsync("OTA.SetBootState", """{"active_slot": 0, "is_committed": false, "commit_timeout": 2}""")).Error);
        Assert.Null((await device.CallAsync("Sys.Reboot")).Error);

        await device.FellBackToAsync("1.1.0", "no_commit");
        Assert.Contains("1.0.0 0 1", device.Starts());
        Assert.Equal("mine", await File.ReadAllTextAsync(device.PathOf("slots/1/fs/users.txt")));
    }

    /// <summary>What is asked, and a part of the refusal.</summary>
    public static TheoryData<string, string> BadStates => new()
    {
        { "{}", "nothing to set" },
        { """{"active_slot": 2}""", "active_slot must be a whole number from 0 to 1, found 2" },
        { """{"active_slot": -1}""", "active_slot must be a whole number from 0 to 1, found -1" },
        { """{"revert_slot": 7}""", "revert_slot must be a whole number from -1 to 1, found 7" },
        { """{"active_slot": 1}""", "slot 1 cannot be started: the record says slot 1 is empty" },
        { """{"active_slot": 1, "is_committed": false}""", "slot 1 cannot be started" },
        { """{"revert_slot": 1}""", "slot 1 cannot be started" },
        { """{"revert_slot": 0}""", "slot 0 cannot be its own fallback" },
        { """{"is_committed": 3}""", "is_committed must be true or false, found 3" },
        { """{"commit_timeout": 999999}""", "commit_timeout" },
    };

    [Fact]
    public async Task BadStates_AreRefused_AndChangeNothing()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var before = await File.ReadAllBytesAsync(device.PathOf("boot/record.0"));
        foreach (var row in BadStates)
        {
            var (asked, text) = row.Data;
            var error = (await device.CallAsync("OTA.SetBootState", asked)).Error;
            Assert.Contains(text, (string?)error?["message"], StringComparison.Ordinal);
        }
        Assert.Equal(before, await File.ReadAllBytesAsync(device.PathOf("boot/record.0")));
        // What a client read is what it may write back.
        var state = (await device.CallAsync("OTA.GetBootState")).Result!;
        Assert.Null((await device.CallAsync("OTA.SetBootState", state.ToJsonString())).Error);
        AssertState((await device.CallAsync("OTA.GetBootState")).Result!, active: 0, committed: true, revert: -1);
    }

    [Fact]
    public async Task SlotWithADamagedImage_CannotBeSet()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        await File.AppendAllTextAsync(device.PathOf("slots/0/image"), "x");
        var error = (await device.CallAsync("OTA.SetBootState", """{"active_slot": 0}""")).Error!;
        Assert.Contains("slot 0 cannot be started: slots/0/image should have", (string?)error["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task DuringAnInstall_NothingIsSet()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        using var upload = await SlowUpload.BeginAsync(device.Address, TestFirmware.Good("1.1.0").Bundle());
        await upload.SendAsync(1000);
        await Eventually.HoldsAsync("the slot is being written", async () => (int?)(await device.StatusAsync())!["state"] == 1);
        foreach (var (method, asked) in ((string, string)[])[("OTA.SetBootState", """{"is_committed": false}"""), ("OTA.CreateSnapshot", "{}"), ("OTA.Activate", "{}")])
        {
            Assert.Contains("update", (string?)(await device.CallAsync(method, asked)).Error!["message"], StringComparison.Ordinal);
        }
        Assert.Contains("Update applied", await upload.FinishAsync(), StringComparison.Ordinal);
        await device.RunsAsync("1.1.0", trial: true);
        var refused = (await device.CallAsync("OTA.SetBootState", """{"active_slot": 0}""")).Error!;
        Assert.Contains("a trial runs", (string?)refused["message"], StringComparison.Ordinal);
        Assert.Null((await device.CallAsync("OTA.SetBootState", """{"commit_timeout": 9000}""")).Error);
        Assert.InRange((double)(await device.StatusAsync())!["deadline_left"]!, 8000, 9000);
        var snapshot = (await device.CallAsync("OTA.CreateSnapshot")).Error!;
        Assert.Equal((-1, "Cannot create snapshots in uncommitted state"), ((int)snapshot["code"]!, (string?)snapshot["message"]));
    }

    [Fact]
    public async Task Snapshot_HoldsImageAndFiles_AndTakesOverFromARottenSlot()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var fs = device.PathOf("slots/0/fs");
        Directory.CreateDirectory(fs + "/deep/empty");
        await File.WriteAllTextAsync(fs + "/deep/users.txt", "mine");
        File.CreateSymbolicLink(fs + "/link", "deep/users.txt");

        Assert.Equal("""{"slot":1}""", (await device.CallAsync("OTA.CreateSnapshot")).Result!.ToJsonString());

        var same = await CommandRun.RunAsync("diff", "-r", "--no-dereference", fs, device.PathOf("slots/1/fs"));
        Assert.True(same.ExitCode == 0, same.Output);
        Assert.Equal(await File.ReadAllBytesAsync(device.PathOf("slots/0/image")), await File.ReadAllBytesAsync(device.PathOf("slots/1/image")));
        AssertState((await device.CallAsync("OTA.GetBootState")).Result!, active: 0, committed: true, revert: 1);
        await device.StopAsync();
        await File.AppendAllTextAsync(device.PathOf("slots/0/image"), "rot");
        device.Start();
        var status = await device.FellBackToAsync("1.0.0", "image_broken");
        Assert.Equal(1, (int?)status["running_slot"]);
    }

    [Fact]
    public async Task SnapshotAsRevert_PutsTheRunningFirmwareOnTrial()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);

        Assert.Equal(1, (int?)(await device.CallAsync("OTA.CreateSnapshot", """{"set_as_revert": true, "commit_timeout": 600}""")).Result!["slot"]);

        var state = (await device.CallAsync("OTA.GetBootState")).Result!;
        AssertState(state, active: 0, committed: false, revert: 1);
        Assert.Equal(600, (int?)state["commit_timeout"]);
        // An experiment that goes wrong, and the device comes back as it was.
        await File.WriteAllTextAsync(device.PathOf("slots/0/fs/version.txt"), "spoiled");
        Assert.Null((await device.CallAsync("Sys.Reboot")).Error);
        await device.RunsAsync("1.0.0", trial: true);
        Assert.Null((await device.CallAsync("OTA.Revert")).Error);
        var back = await device.FellBackToAsync("1.0.0", "reverted");
        Assert.Equal(1, (int?)back["running_slot"]);
        Assert.Equal("1.0.0", await File.ReadAllTextAsync(device.PathOf("slots/1/fs/version.txt")));
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
    }

    [Fact]
    public async Task SnapshotOfABusyFileSystem_LeavesOutWhatVanishes()
    {
        var busy = new TestFirmware("1.0.0", """
            while :; do mkdir -p "$MEERKAT_FS/d/e"; echo x >"$MEERKAT_FS/d/e/f"; echo y >"$MEERKAT_FS/g"; rm -rf "$MEERKAT_FS/d" "$MEERKAT_FS/g"; done
            """)
        {
            Files = TestFirmware.Good("1.0.0").Files,
        };
        await using var device = await DeviceUnderTest.StartAsync(busy.Bundle());
        await device.RunsAsync("1.0.0", trial: false);
        for (var time = 0; time < 5; time++)
        {
            var (result, error) = await device.CallAsync("OTA.CreateSnapshot");
            Assert.True(error is null, $"{error}");
            Assert.Equal(1, (int?)result!["slot"]);
        }
        Assert.Equal("1.0.0", await File.ReadAllTextAsync(device.PathOf("slots/1/fs/version.txt")));
    }

    [Fact]
    public async Task RevertBeforeTheTrialBegins_TakesItBack_AndHarmsNothing()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        Assert.Null((await device.CallAsync("OTA.SetBootState", """{"is_committed": false, "commit_timeout": 60}""")).Error);
        Assert.Null((await device.CallAsync("OTA.Revert")).Error);
        AssertState((await device.CallAsync("OTA.GetBootState")).Result!, active: 1, committed: true, revert: 0);
        Assert.Null((await device.CallAsync("Sys.Reboot")).Error);
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Fact]
    public async Task HeldUpdate_CannotBeStartedPastItsMerge()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        await File.WriteAllBytesAsync(Path.Combine(device.Folder, "next.zip"), TestFirmware.Good("1.1.0").Bundle());
        await CommandRun.RunInAsync(device.Folder, "curl", "-s", "-F", "file=@next.zip", "-F", "activate=0", device.Url + "/update");
        var refused = (await device.CallAsync("OTA.SetBootState", """{"active_slot": 1, "is_committed": false}""")).Error!;
        Assert.Contains("activate it, or revert to discard it", (string?)refused["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task SnapshotOfADamagedImage_IsRefused_AndTheOtherSlotKept()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        await File.AppendAllTextAsync(device.PathOf("slots/1/image"), "x");
        var error = (await device.CallAsync("OTA.CreateSnapshot")).Error!;
        Assert.Equal(-2, (int)error["code"]!);
        Assert.Equal("committed", (string?)(await device.StatusAsync())!["slots"]![0]!["state"]);
    }

    private static string[] Changed(DeviceUnderTest device, int slot, string file, string content) =>
        File.ReadAllText(device.PathOf($"slots/{slot}/fs/{file}")) == content ? [file] : [];

    private static void AssertState(JsonNode state, int active, bool committed, int revert) => Assert.Equal(
        (active, committed, revert), ((int)state["active_slot"]!, (bool)state["is_committed"]!, (int)state["revert_slot"]!));
}
