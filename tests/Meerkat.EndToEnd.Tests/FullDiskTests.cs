using System.Text.RegularExpressions;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>A device on a small file system of its own, which only root can mount.</summary>
public sealed class FullDiskTests
{
    private const int SizeMegabytes = 8;

    [Fact]
    public async Task BundleThatCannotFit_IsRefusedBeforeAnythingIsWritten()
    {
        await using var disk = await SmallDisk.MountAsync(SizeMegabytes);
        await using var device = await disk.StartAsync(TestFirmware.Good("1.0.0"));
        var firmware = device.Firmware;

        var (code, text) = await device.PushAsync(Large("1.1.0", 12_000_000).Bundle(), commitTimeout: 300);

        Assert.Equal(500, code);
        Assert.Matches(new Regex(@"not enough space: the update needs \d+(\.\d+)? MB more \(\d+(\.\d+)? MB in all, \d+(\.\d+)? MB available\)"), text);
        Assert.False(Directory.Exists(device.PathOf("slots/1")));
        Assert.Equal(firmware, device.Firmware);
        Assert.Equal("empty", (string?)(await device.StatusAsync())!["slots"]![1]!["state"]);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task MediumThatFillsDuringTheInstall_UndisturbedAndSaidSo()
    {
        await using var disk = await SmallDisk.MountAsync(SizeMegabytes);
        await using var device = await disk.StartAsync(TestFirmware.Good("1.0.0"));
        var firmware = device.Firmware;
        using var upload = await SlowUpload.BeginAsync(device.Address, Large("1.1.0", 4_000_000).Bundle());
        await upload.SendAsync(1_000_000);
        await Eventually.HoldsAsync("the slot is half written", () => File.Exists(device.PathOf("slots/1/image")));
        Fill(device.PathOf("data/filler"));

        var answer = await upload.FinishAsync();

        Assert.Contains("the medium is full", answer, StringComparison.Ordinal);
        Assert.Equal(firmware, device.Firmware);
        File.Delete(device.PathOf("data/filler"));
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task MediumThatFillsBeforeTheMerge_FallsBack()
    {
        await using var disk = await SmallDisk.MountAsync(SizeMegabytes);
        // It does not end when asked to, so that there is time between the answer and the merge.
        await using var device = await disk.StartAsync(
            new TestFirmware("1.0.0", "trap '' TERM; while :; do sleep 1; done"), "boot.stop_timeout=3");
        await File.WriteAllBytesAsync(device.PathOf("slots/0/fs/user.bin"), new byte[1_500_000]);
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 300);
        Assert.True(code == 200, text);
        Fill(device.PathOf("data/filler"));

        var status = await device.FellBackToAsync("1.0.0", "merge_failed");

        Assert.Contains("No space left", (string?)status["reason"]!["text"], StringComparison.Ordinal);
        Assert.Equal(1_500_000, new FileInfo(device.PathOf("slots/0/fs/user.bin")).Length);
        Assert.DoesNotContain(device.Starts(), line => line.StartsWith("1.1.0", StringComparison.Ordinal));
        File.Delete(device.PathOf("data/filler"));
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task FirmwareThatFillsTheDisk_FallsBack_AndItsFilesGo()
    {
        await using var disk = await SmallDisk.MountAsync(SizeMegabytes);
        await using var device = await disk.StartAsync(TestFirmware.Good("1.0.0"));
        var (code, text) = await device.PushAsync(
            new TestFirmware("1.1.0", "cat /dev/zero >filler 2>/dev/null; echo the disk is full; exec sleep 100000").Bundle(), commitTimeout: 4);
        Assert.True(code == 200, text);

        var status = await device.FellBackToAsync("1.0.0", "no_commit");

        Assert.Equal("started 1.1.0\nthe disk is full\n", (string?)status["last_output"]);

        await Eventually.HoldsAsync("the failed slot's files are gone", () => !Directory.Exists(device.PathOf("slots/1")));
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    /// <summary>Also where the directories of a device are gone, which cannot be made anew.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FullMedium_FirmwareAndAgentRun_AndUpdatesWorkWhenThereIsSpace(bool bare)
    {
        await using var disk = await SmallDisk.MountAsync(SizeMegabytes);
        await using var device = await disk.StartAsync(TestFirmware.Good("1.0.0"));
        await device.StopAsync();
        if (bare)
        {
            Directory.Delete(device.PathOf("run"), recursive: true);
            Directory.Delete(device.PathOf("log"), recursive: true);
        }
        Fill(device.PathOf("data/filler"));
        if (bare)
        {
            // A file system in memory needs no space for a directory: one of its files in the way has the same effect.
            await File.WriteAllTextAsync(device.PathOf("run"), "");
            await File.WriteAllTextAsync(device.PathOf("log"), "");
        }
        device.Start();
        await Eventually.HoldsAsync($"the firmware runs\n{device.Log}", () => device.Firmware is > 0 and var process
            && ProcessLook.Variable(process, "MEERKAT_VERSION") == "1.0.0");

        await device.StopAsync();
        File.Delete(device.PathOf("data/filler"));
        if (bare)
        {
            File.Delete(device.PathOf("run"));
            File.Delete(device.PathOf("log"));
        }
        device.Start();
        await device.RunsAsync("1.0.0", trial: false);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task ReadOnlyMedium_FirmwareRuns_AndUpdatesWorkWhenItCanBeWrittenAgain()
    {
        await using var disk = await SmallDisk.MountAsync(SizeMegabytes);
        await using var device = await disk.MakeAsync(TestFirmware.Good("1.0.0"));
        await disk.RemountAsync("ro");
        device.Start();
        await Eventually.HoldsAsync("the firmware runs", () => device.Firmware is > 0 and var process
            && ProcessLook.Variable(process, "MEERKAT_VERSION") == "1.0.0");
        Assert.Contains("updates are not possible", device.Log, StringComparison.Ordinal);

        await device.StopAsync();
        await disk.RemountAsync("rw");
        device.Start();
        await device.RunsAsync("1.0.0", trial: false);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    /// <summary>The deadline passes while the record cannot be written: the old firmware runs, and the true reason is recorded later.</summary>
    [Fact]
    public async Task RecordNotWritableInATrial_FallsBack_AndIsRecordedWhenItCanBe()
    {
        await using var disk = await SmallDisk.MountAsync(SizeMegabytes);
        await using var device = await disk.StartAsync(TestFirmware.Good("1.0.0"));
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 8);
        Assert.True(code == 200, text);
        await device.RunsAsync("1.1.0", trial: true);
        await SmallDisk.CloseAsync(device.PathOf("boot"));
        await Eventually.HoldsAsync($"the old firmware runs\n{device.Log}", () => device.Firmware is > 0 and var process
            && ProcessLook.Variable(process, "MEERKAT_VERSION") == "1.0.0");
        await device.AnswersAsync();
        var status = (await device.StatusAsync())!;
        Assert.Contains("Read-only file system", (string?)status["record_problem"], StringComparison.Ordinal);
        Assert.Null(status["reason"]);
        var firmware = device.Firmware;

        await SmallDisk.OpenAsync(device.PathOf("boot"));

        status = await device.FellBackToAsync("1.0.0", "no_commit");
        Assert.Equal("no commit within 8 s", (string?)status["reason"]!["text"]);
        Assert.Null(status["record_problem"]);
        Assert.Equal(firmware, device.Firmware);
        await Eventually.HoldsAsync("the failed slot's files are gone", () => !Directory.Exists(device.PathOf("slots/1")));
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    /// <summary>What could not be written once is tried again by the next update, without a restart.</summary>
    [Fact]
    public async Task RecordNotWritableAtAnInstall_IsSaid_AndTheNextUpdateWorks()
    {
        await using var disk = await SmallDisk.MountAsync(SizeMegabytes);
        await using var device = await disk.StartAsync(TestFirmware.Good("1.0.0"));
        await SmallDisk.CloseAsync(device.PathOf("boot"));
        foreach (var _ in Enumerable.Range(0, 2))
        {
            var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 300);
            Assert.Equal(500, code);
            Assert.Contains("the boot record cannot be written", text, StringComparison.Ordinal);
        }
        await SmallDisk.OpenAsync(device.PathOf("boot"));
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    private static TestFirmware Large(string version, int bytes) => new(version, "exec sleep 100000\n#" + new string('x', bytes));

    /// <summary>Takes all the space that is left.</summary>
    private static void Fill(string path)
    {
        using var file = File.Create(path);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                file.Write(block);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }
}
