using System.Text;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>
/// SIGKILL to everything at one point of an update. The next start runs a complete old or a complete new firmware, and the next
/// update works.
/// </summary>
public sealed class InterruptedInstallTests
{
    private const int LargeBytes = 600_000;

    /// <param name="Name">Where the upload stops.</param>
    /// <param name="After">Text in the bundle behind which it stops; empty: before its first byte.</param>
    /// <param name="Further">So many bytes behind that.</param>
    /// <param name="Seen">A file in the slot that shows that the device has come so far.</param>
    public sealed record Point(string Name, string After, int Further, string Seen)
    {
        public override string ToString() => Name;
    }

    public static TheoryData<Point> Points =>
    [
        new Point("before the bundle", "", 0, ""),
        new Point("in the manifest", "\"platform\"", 5, ""),
        new Point("in the image", "#!/bin/sh", 400_000, "image"),
        new Point("in the file system", "large.txt", LargeBytes / 2, "fs/large.txt"),
        new Point("before the directory", "last.txt", 3000, "fs/last.txt"),
    ];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task KilledDuringUpload_OldVersionStarts_AndTheNextUpdateWorks(Point point)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var bundle = Large().Bundle();
        using var upload = await SlowUpload.BeginAsync(device.Address, bundle);
        await upload.SendAsync(point.After.Length == 0 ? 0 : Math.Min(Find(bundle, point.After) + point.Further, bundle.Length - 40));
        await Eventually.HoldsAsync("the device has come so far", async () => point.Seen.Length == 0
            ? (string?)(await device.StatusAsync())!["phase"] == "receiving"
            : File.Exists(device.PathOf("slots/1/" + point.Seen)));

        await device.KillEverythingAsync();
        device.Start();

        await device.RunsAsync("1.0.0", trial: false);
        var status = (await device.StatusAsync())!;
        Assert.Equal("empty", (string?)status["slots"]![1]!["state"]);
        Assert.Null(status["reason"]);
        await Eventually.HoldsAsync("what was half written is gone", () => !Directory.Exists(device.PathOf("slots/1")));
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task AgentKilledDuringUpload_WhatItWroteIsRemovedAtOnce()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var firmware = device.Firmware;
        var bundle = Large().Bundle();
        using var upload = await SlowUpload.BeginAsync(device.Address, bundle);
        await upload.SendAsync(Find(bundle, "#!/bin/sh") + 400_000);
        await Eventually.HoldsAsync("the slot is half written", () => File.Exists(device.PathOf("slots/1/image")));

        DeviceUnderTest.Kill(device.Agent);

        await Eventually.HoldsAsync("what was half written is gone", () => !Directory.Exists(device.PathOf("slots/1")));
        Assert.Equal(firmware, device.Firmware);
        await device.AnswersAsync();
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task KilledBetweenAnswerAndRestart_NewVersionStartsItsTrial()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 300);
        Assert.True(code == 200, text);
        await device.KillEverythingAsync();
        device.Start();
        await device.RunsAsync("1.1.0", trial: true);
        Assert.Null((await device.CallAsync("OTA.Commit")).Error);
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Fact]
    public async Task KilledDuringTheMerge_ACompleteFirmwareRuns()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        foreach (var number in Enumerable.Range(0, 400))
        {
            await File.WriteAllTextAsync(device.PathOf($"slots/0/fs/user-{number}.txt"), $"{number}");
        }
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 300);
        Assert.True(code == 200, text);
        await Eventually.HoldsAsync("the merge has begun", () => device.Log.Contains("merge: 4", StringComparison.Ordinal));
        await device.KillEverythingAsync();
        var begun = device.Starts().Contains("1.1.0 1 1");
        device.Start();

        // When the trial had begun before the kill came, it is over; otherwise the merge is done again.
        await device.RunsAsync(begun ? "1.0.0" : "1.1.0", trial: !begun);
        foreach (var number in Enumerable.Range(0, 400))
        {
            Assert.Equal($"{number}", await File.ReadAllTextAsync(device.PathOf($"slots/{(begun ? 0 : 1)}/fs/user-{number}.txt")));
        }
        await device.CallAsync("OTA.Commit");
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    private static int Find(byte[] bundle, string text) => bundle.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text));

    /// <summary>Its script never ends, so that what follows it is only ballast.</summary>
    private static TestFirmware Large() => new("1.1.0", "exec sleep 100000\n#" + new string('x', LargeBytes))
    {
        Files = new Dictionary<string, string> { ["large.txt"] = new string('x', LargeBytes), ["last.txt"] = "end" },
    };
}
