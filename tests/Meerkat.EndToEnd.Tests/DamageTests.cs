using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>A medium that has lost or changed what was stored: the boot record's copies, the images, the board.</summary>
public sealed class DamageTests
{
    public static TheoryData<string> OddSettings =>
    [
        """{"app":{"name":"\ud800"}}""", """{"\udc00":1}""", """{"mqtt":null}""", """{"http":null,"conf_acl":5}""", """{"app":1e999}""",
        new string('[', 3000), "\ufeff", "null",
    ];

    public static TheoryData<string> Damages => ["flip a bit", "zero", "cut off", "remove", "grow"];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task OneCopyOfTheRecord_EitherOne_IsNoLoss(string damage)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        foreach (var copy in (string[])["boot/record.0", "boot/record.1"])
        {
            // Written at the factory, both say the same.
            await device.StopAsync();
            Spoil(device.PathOf(copy), damage);
            device.Start();
            await device.RunsAsync("1.0.0", trial: false);
            Assert.Null((await device.StatusAsync())!["reason"]);
        }
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
    }

    [Fact]
    public async Task NewerCopyOfTheRecord_DeviceGoesOnFromTheOlder()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        await device.StopAsync();
        Spoil(Newer(device), "flip a bit");
        device.Start();
        // The commit is lost, and with it the trial; a complete old firmware runs.
        await device.FellBackToAsync("1.0.0", "boot_loader_stopped");
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task OlderCopyOfTheRecord_IsNoLoss()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        await device.StopAsync();
        Spoil(Older(device), "flip a bit");
        device.Start();
        await device.RunsAsync("1.1.0", trial: false);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Theory]
    [MemberData(nameof(OddSettings))]
    public async Task SettingsThatNoProgramShouldHaveWritten_DeviceStartsAndIsUpdated(string settings)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.StopAsync();
        await File.WriteAllTextAsync(device.PathOf("slots/0/fs/conf.json"), settings);
        device.Start();
        await device.RunsAsync("1.0.0", trial: false);
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task BothCopiesOfTheRecord_NewestCommittedSlotRuns(string damage)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        await device.StopAsync();
        Spoil(device.PathOf("boot/record.0"), damage);
        Spoil(device.PathOf("boot/record.1"), damage);
        device.Start();
        await device.RunsAsync("1.1.0", trial: false);
        Assert.Equal("record_lost", (string?)(await device.StatusAsync())!["reason"]!["code"]);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
        await device.KillEverythingAsync();
        device.Start();
        await device.RunsAsync("1.2.0", trial: false);
    }

    [Fact]
    public async Task ActiveImage_OtherCommittedSlotTakesOver_WithTheUsersSettings()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        Assert.Null((await device.CallAsync("Config.Set", """{"config": {"app": {"target": 7}}, "save": true}""")).Error);
        await device.StopAsync();
        Spoil(device.PathOf("slots/1/image"), "flip a bit");
        device.Start();

        var status = await device.FellBackToAsync("1.0.0", "image_broken");

        Assert.StartsWith("the committed image is damaged", (string?)status["reason"]!["text"], StringComparison.Ordinal);
        Assert.Equal("7", (await device.CallAsync("Config.Get", """{"key": "app.target"}""")).Result!.ToJsonString());
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task OnlyImage_AgentStaysReachable_AndTakesAnUpdateOverTheOldFiles()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        Assert.Null((await device.CallAsync("FS.Put", """{"filename": "diary.txt", "data": "ZGVhciBkaWFyeQ=="}""")).Error);
        await device.StopAsync();
        Spoil(device.PathOf("slots/0/image"), "flip a bit");
        device.Start();
        await device.AnswersAsync();
        var status = (await device.StatusAsync())!;
        Assert.Equal("recovery", (string?)status["phase"]);
        Assert.Null(status["running_slot"]);
        Assert.Equal(0, device.Firmware);

        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 300);
        Assert.True(code == 200, text);
        await Eventually.HoldsAsync("1.1.0 runs", async () => (string?)(await device.StatusAsync())?["version"] == "1.1.0");
        await device.CallAsync("OTA.Commit");
        await device.RunsAsync("1.1.0", trial: false);
        Assert.Equal("dear diary", await File.ReadAllTextAsync(device.PathOf("slots/1/fs/diary.txt")));
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task BothImages_AgentStaysReachable_AndTakesAnUpdate()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        await device.StopAsync();
        Spoil(device.PathOf("slots/0/image"), "cut off");
        Spoil(device.PathOf("slots/1/image"), "remove");
        device.Start();
        await device.AnswersAsync();
        Assert.Equal("recovery", (string?)(await device.StatusAsync())!["phase"]);

        var update = await CommandRun.MeerkatAsync("update", Bundle(device, "1.2.0"), "--commit", "--port", device.Url);

        Assert.True(update.ExitCode == 0, update.Output + update.Error);
        await device.RunsAsync("1.2.0", trial: false);
        await device.UpdateAsync(TestFirmware.Good("1.3.0"));
    }

    [Fact]
    public async Task ImageOfAnArmedUpdate_OldVersionRunsAndSaysWhy()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 300);
        Assert.True(code == 200, text);
        await device.KillEverythingAsync();
        Assert.DoesNotContain("1.1.0 started", device.Log, StringComparison.Ordinal);
        Spoil(device.PathOf("slots/1/image"), "flip a bit");
        device.Start();
        await device.FellBackToAsync("1.0.0", "new_image_broken");
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    private static string Bundle(DeviceUnderTest device, string version)
    {
        var path = Path.Combine(device.Folder, version + ".zip");
        File.WriteAllBytes(path, TestFirmware.Good(version).Bundle());
        return path;
    }

    private static string Newer(DeviceUnderTest device) => Copies(device)[1];

    private static string Older(DeviceUnderTest device) => Copies(device)[0];

    /// <summary>By the time of their last write.</summary>
    private static string[] Copies(DeviceUnderTest device) =>
        [.. Directory.GetFiles(device.PathOf("boot"), "record.*").OrderBy(File.GetLastWriteTimeUtc)];

    private static void Spoil(string path, string damage)
    {
        var bytes = File.ReadAllBytes(path);
        switch (damage)
        {
            case "flip a bit":
                bytes[bytes.Length / 2] ^= 1;
                File.WriteAllBytes(path, bytes);
                break;
            case "zero":
                File.WriteAllBytes(path, new byte[bytes.Length]);
                break;
            case "cut off":
                File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
                break;
            case "remove":
                File.Delete(path);
                break;
            case "grow":
                File.WriteAllBytes(path, [.. bytes, .. new byte[100_000]]);
                break;
            default:
                throw new ArgumentException(damage, nameof(damage));
        }
    }
}
