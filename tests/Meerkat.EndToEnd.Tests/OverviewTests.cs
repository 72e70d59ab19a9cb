using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>The process of the overview, sentence by sentence, with the commands as they are typed.</summary>
public sealed class OverviewTests
{
    [Fact]
    public async Task CurlPostsBundle_TrialRuns_AndCurlCommitBlessesIt()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        BuildFirmware(device, new Firmware("1.1.0"));

        var push = await Command.ShellAsync(
            $"curl -v -F file=@build/fw.zip -F commit_timeout=300 http://{device.Address}/update", device.Folder);
        Assert.Equal(0, push.ExitCode);
        Assert.StartsWith("1 ", push.Output, StringComparison.Ordinal);
        var trial = await device.RunsAsync("1.1.0", trial: true);
        Assert.Equal("1", trial.Slot);
        Assert.True(trial.Trial);
        Assert.Equal("300", DeviceUnderTest.Text(await device.StatusAsync(), "commit_timeout"));

        var commit = await Command.ShellAsync($"curl http://{device.Address}/update/commit");
        Assert.Equal(0, commit.ExitCode);
        Assert.Equal("Ok\r\n", commit.Output);
        Assert.Equal(trial.Process, (await device.RunsAsync("1.1.0", trial: false)).Process);

        await device.RestartAsync();
        Assert.False((await device.RunsAsync("1.1.0", trial: false)).Trial);
    }

    [Fact]
    public async Task CallUpdatePulls_TrialRuns_AndCallCommitBlessesIt()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var site = new BundleSite(new Firmware("1.1.0").Bundle());

        var pull = await Command.ShellAsync(
            $"meerkat call OTA.Update '{{\"section\": \"firmware\", \"commit_timeout\": 300, \"blob_url\": \"http://{site.Address}/fw.zip\"}}' "
            + $"--port http://{device.Address}/rpc");
        Assert.True(pull.ExitCode == 0, pull.Error);
        await device.RunsAsync("1.1.0", trial: true);

        var commit = await Command.ShellAsync($"meerkat call OTA.Commit --port http://{device.Address}/rpc");
        Assert.True(commit.ExitCode == 0, commit.Error);
        await device.RunsAsync("1.1.0", trial: false);
        await device.RestartAsync();
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Fact]
    public async Task TwoCurlLinesWithNothingBetween_CommitIsRefused_AndNothingIsBlessed()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        BuildFirmware(device, new Firmware("1.1.0"));

        var both = await Command.ShellAsync(
            $"curl -s -F file=@build/fw.zip -F commit_timeout=3 http://{device.Address}/update; curl -s http://{device.Address}/update/commit",
            device.Folder);
        Assert.DoesNotContain("Ok", both.Output, StringComparison.Ordinal);
        Assert.Contains("is not running yet", both.Output, StringComparison.Ordinal);

        await device.RunsAsync("1.1.0", trial: true);
        await device.RunsAsync("1.0.0", trial: false);
        Assert.Equal("no commit within 3 s", DeviceUnderTest.Text(await device.StatusAsync(), "reason", "text"));
    }

    [Fact]
    public async Task Update_KeepsWhatTheNewFirmwareLacks_AndOverwritesWhatItHas()
    {
        await using var device = await DeviceUnderTest.StartAsync(new DeviceSetup
        {
            Factory = new Firmware("1.0.0")
            {
                Files = new Dictionary<string, string>
                {
                    ["shipped.txt"] = "old",
                    ["only-old.txt"] = "kept",
                    ["conf0.json"] = """{"app": {"colour": "red", "size": 1}}""",
                },
            },
        });
        Assert.True((await device.CallAsync("FS.Put", """{"filename": "diary.txt", "data": "aGVsbG8="}""")).Succeeded);
        Assert.True((await device.CallAsync("Config.Set", """{"key": "app.colour", "value": "green", "save": true}""")).Succeeded);

        // At its start the firmware copies the settings it was given to where the test can see them.
        await device.TrialOfAsync(new Firmware("1.1.0")
        {
            Script = "cp \"$MEERKAT_CONFIG\" \"$MEERKAT_DATA/seen.json\"; exec sleep 100000",
            Files = new Dictionary<string, string>
            {
                ["shipped.txt"] = "new",
                ["only-new.txt"] = "added",
                ["conf0.json"] = """{"app": {"colour": "blue", "size": 2}}""",
            },
        });

        string File(string name) => System.IO.File.ReadAllText(device.Inside($"slots/1/fs/{name}"));
        Assert.Equal("new", File("shipped.txt"));
        Assert.Equal("kept", File("only-old.txt"));
        Assert.Equal("added", File("only-new.txt"));
        Assert.Equal("hello", File("diary.txt"));
        Assert.Equal(System.IO.File.ReadAllText(device.Inside("slots/0/fs/conf.json")), File("conf.json"));
        foreach (var settings in (string[])["run/config.json", "data/seen.json"])
        {
            var values = System.Text.Json.Nodes.JsonNode.Parse(System.IO.File.ReadAllText(device.Inside(settings)))!;
            Assert.Equal("green", DeviceUnderTest.Text(values, "app", "colour"));
            Assert.Equal("2", DeviceUnderTest.Text(values, "app", "size"));
        }
        Assert.Equal("old", System.IO.File.ReadAllText(device.Inside("slots/0/fs/shipped.txt")));
        Assert.False(System.IO.File.Exists(device.Inside("slots/0/fs/only-new.txt")));
    }

    [Fact]
    public async Task NoCommit_OldVersionIsBackAfterTheTimeout_ThoughTheNewOneWorks()
    {
        await using var device = await DeviceUnderTest.StartAsync();

        var trial = await device.TrialOfAsync(new Firmware("1.1.0"), commitTimeout: 2);
        await device.RunsAsync("1.0.0", trial: false);

        Assert.False(DeviceProcesses.Lives(trial.Process));
        Assert.Equal(["1.0.0 0 0", "1.1.0 1 1", "1.0.0 0 0"], File.ReadAllLines(device.Inside("data/starts")));
        Assert.Equal("no commit within 2 s", DeviceUnderTest.Text(await device.StatusAsync(), "reason", "text"));
    }

    [Theory]
    [InlineData("-F commit_timeout=77 -F file=@build/fw.zip")]
    [InlineData("-F file=@build/fw.zip -F commit_timeout=77")]
    [InlineData("-F firmware=@build/fw.zip -F note=hello -F commit_timeout=77")]
    [InlineData("-F 'a name with \"quotes\"=@build/fw.zip' -F commit_timeout=77")]
    public async Task FormInAnyOrderAndOfAnyName_IsTaken(string form)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        BuildFirmware(device, new Firmware("1.1.0"));

        var push = await Command.ShellAsync($"curl -s {form} http://{device.Address}/update", device.Folder);
        Assert.StartsWith("1 ", push.Output, StringComparison.Ordinal);
        await device.RunsAsync("1.1.0", trial: true);
        Assert.Equal("77", DeviceUnderTest.Text(await device.StatusAsync(), "commit_timeout"));
    }

    private static void BuildFirmware(DeviceUnderTest device, Firmware firmware)
    {
        Directory.CreateDirectory(Path.Combine(device.Folder, "build"));
        File.WriteAllBytes(Path.Combine(device.Folder, "build", "fw.zip"), firmware.Bundle());
    }
}
