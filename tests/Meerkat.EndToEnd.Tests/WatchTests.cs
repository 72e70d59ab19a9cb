using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary><c>meerkat watch</c> while a real device updates itself and falls back.</summary>
public sealed class WatchTests
{
    [Fact]
    public async Task FallBack_IsSeenWithItsReason_ThroughBothRestarts()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var watch = RunningTool.Start("watch", "--json", "--port", device.Url);
        await watch.SaysAsync("\"event\":\"state\"");
        var (code, text) = await device.PushAsync(new TestFirmware("6.6.6", "exit 7").Bundle(), commitTimeout: 60);
        Assert.True(code == 200, text);
        await device.FellBackToAsync("1.0.0", "exited");
        await Eventually.HoldsAsync("the watch has seen the end", () => Changes(watch) is [.., var end]
            && (string?)end["phase"] == "idle" && (string?)end["reason"]?["code"] == "exited" && (bool?)end["ready"] == true);

        Assert.Equal(0, await watch.InterruptAsync());
        Assert.Equal("", watch.Error);
        var changes = Changes(watch);
        var words = changes.Select(change => (string)change["event"]!).ToList();
        Assert.Equal("state", words[0]);
        Assert.Contains("away", words);
        Assert.True(words.IndexOf("restart") < words.IndexOf("fell_back"), string.Join(' ', words));
        Assert.Single(words, "fell_back");
        var fellBack = changes[words.IndexOf("fell_back")];
        Assert.Equal("6.6.6", (string?)fellBack["reason"]!["version"]);
        Assert.InRange((int)changes[^1]["restarts"]!, 1, 2);
    }

    [Fact]
    public async Task Until_EndsWhenTheDeviceIsThere_AndWithThreeWhenItFallsBack()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var forTrial = RunningTool.Start("watch", "--until", "trial", "--port", device.Url);
        await forTrial.SaysAsync("idle: version 1.0.0 in slot 0, committed");
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 600);
        Assert.True(code == 200, text);
        Assert.Equal(0, await forTrial.EndAsync());
        Assert.Contains("trial: version 1.1.0 in slot 1, not committed", forTrial.Output, StringComparison.Ordinal);

        await using var forCommit = RunningTool.Start("watch", "--until", "committed", "--port", device.Url);
        await forCommit.SaysAsync("trial: version 1.1.0");
        Assert.Null((await device.CallAsync("OTA.Revert")).Error);
        Assert.Equal(3, await forCommit.EndAsync());
        Assert.Contains("fell back: ", forCommit.Output, StringComparison.Ordinal);

        var idle = await CommandRun.MeerkatAsync("watch", "--until", "committed", "--port", device.Url);
        Assert.True(idle.ExitCode == 0, idle.Error);
    }

    [Fact]
    public async Task Terminal_IsRedrawnInPlace()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var command = $"{Repository.Program("meerkat")} watch --until idle --port {device.Url}";
        var run = await CommandRun.RunAsync("script", "-qefc", command, Path.Combine(device.Folder, "typescript"));
        Assert.True(run.ExitCode == 0, run.Output);
        Assert.Contains("restarts seen", run.Output, StringComparison.Ordinal);
        Assert.Contains("\e[", run.Output, StringComparison.Ordinal);
    }

    private static List<JsonNode> Changes(RunningTool watch) =>
        [.. watch.Output.Split('\n')[..^1].Select(line => JsonNode.Parse(line)!)];
}
