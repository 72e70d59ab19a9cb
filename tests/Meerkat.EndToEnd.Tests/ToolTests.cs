using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>The tool against a real device, as a person would use it.</summary>
public sealed class ToolTests
{
    [Fact]
    public async Task Update_WithCommit_SaysWhichVersionRunsWhere()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bundle = await SaveAsync(device, TestFirmware.Good("1.1.0"));
        var update = await CommandRun.MeerkatAsync("update", bundle, "--commit", "--port", device.Url);
        Assert.True(update.ExitCode == 0, update.Error);
        Assert.Contains("version 1.1.0 runs in slot 1, committed", update.Output, StringComparison.Ordinal);
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Fact]
    public async Task Update_ThatFallsBack_SaysWhy_AndExitsWith3()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bundle = await SaveAsync(device, new TestFirmware("6.6.6", "exit 7"));
        var update = await CommandRun.MeerkatAsync("update", bundle, "--commit-timeout", "60", "--port", device.Url);
        Assert.Equal(3, update.ExitCode);
        Assert.Contains("firmware exited with code 7", update.Output + update.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_WithABundleThatIsNone_ExitsWith1()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var film = Path.Combine(device.Folder, "film.zip");
        await File.WriteAllTextAsync(film, "moving pictures");
        var update = await CommandRun.MeerkatAsync("update", film, "--port", device.Url);
        Assert.Equal(1, update.ExitCode);
        Assert.Contains("not a firmware bundle", update.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StatusAndConfig_ReadAndWriteTheDevice()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var set = await CommandRun.MeerkatAsync("config", "set", "app.target=21.5", "app.name=living room", "--port", device.Url);
        Assert.True(set.ExitCode == 0, set.Error);
        var get = await CommandRun.MeerkatAsync("config", "get", "app", "--port", device.Url);
        Assert.Equal("living room", (string?)JsonNode.Parse(get.Output)!["name"]);
        Assert.Equal(21.5, (double)JsonNode.Parse(get.Output)!["target"]!);
        var saved = JsonNode.Parse(await File.ReadAllTextAsync(device.PathOf("slots/0/fs/conf.json")))!;
        Assert.Equal("""{"app":{"target":21.5,"name":"living room"}}""", saved.ToJsonString());
        var status = await CommandRun.MeerkatAsync("status", "--json", "--port", device.Url);
        Assert.Contains("\"1.0.0\"", status.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeviceInit_RefusesInWords_AndLeavesNothingBehind()
    {
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        try
        {
            var good = Path.Combine(folder, "good.zip");
            var bad = Path.Combine(folder, "bad.zip");
            await File.WriteAllBytesAsync(good, TestFirmware.Good("1.0.0").Bundle());
            await File.WriteAllBytesAsync(bad, TestFirmware.Good("1.0.0").Bundle()[..1500]);
            var root = Path.Combine(folder, "device");

            var cut = await CommandRun.MeerkatAsync("device", "init", root, bad, "--user", "root");
            Assert.Equal(1, cut.ExitCode);
            Assert.Contains("cut off", cut.Error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(root));

            var full = await CommandRun.MeerkatAsync("device", "init", folder, good, "--user", "root");
            Assert.Contains("is not empty", full.Error, StringComparison.Ordinal);

            var nobody = await CommandRun.MeerkatAsync("device", "init", root, good, "--user", "no-such-user");
            Assert.Contains("there is no user 'no-such-user'", nobody.Error, StringComparison.Ordinal);

            var wrong = await CommandRun.MeerkatAsync("device", "init", root, good, "--set", "boot.ready_timeout=soon");
            Assert.NotEqual(0, wrong.ExitCode);
            Assert.False(Directory.Exists(root));

            if (DeviceUnderTest.IsRoot)
            {
                // The temporary directory is closed to others, so the firmware's user could not reach the device.
                var closed = await CommandRun.MeerkatAsync("device", "init", root, good);
                Assert.Contains("chmod o+x " + folder, closed.Error, StringComparison.Ordinal);
                Assert.False(Directory.Exists(root));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task NativePrograms_DoAWholeUpdate()
    {
        var artifacts = Path.Combine(Repository.Root, "artifacts");
        Assert.SkipUnless(File.Exists(Path.Combine(artifacts, "meerkat")), "./build has not made the native programs");
        await using var device = await DeviceUnderTest.MakeAsync(
            TestFirmware.Good("1.0.0").Bundle(), Path.Combine(artifacts, "meerkat"), Path.Combine(artifacts, "meerkat-boot"), null);
        device.Start();
        await device.AnswersAsync();
        Assert.Equal(Path.Combine(artifacts, "meerkat-boot"), ProcessLook.Program(device.BootLoader));
        Assert.Equal(Path.Combine(artifacts, "meerkat-agent"), ProcessLook.Program(device.Agent));
        var bundle = await SaveAsync(device, TestFirmware.Good("1.1.0"));
        var update = await CommandRun.RunAsync(Path.Combine(artifacts, "meerkat"), "update", bundle, "--commit", "--port", device.Url);
        Assert.True(update.ExitCode == 0, update.Error);
        await device.RunsAsync("1.1.0", trial: false);
    }

    private static async Task<string> SaveAsync(DeviceUnderTest device, TestFirmware firmware)
    {
        var path = Path.Combine(device.Folder, $"{firmware.Version}.zip");
        await File.WriteAllBytesAsync(path, firmware.Bundle());
        return path;
    }
}
