using System.Text.Json.Nodes;

namespace Meerkat.Tool.Tests;

public sealed class WatchTests
{
    private const string Idle = """{"state":0,"message":"idle","is_committed":true,"progress_percent":0,"commit_timeout":0,"partition":0,"version":"1.0.0","running_slot":0,"active_slot":0,"phase":"idle","ready":true,"reason":null}""";
    private const string Receiving = """{"state":1,"message":"progress","is_committed":true,"progress_percent":42,"commit_timeout":0,"partition":0,"version":"1.0.0","running_slot":0,"active_slot":0,"phase":"receiving","ready":true,"reason":null}""";
    private const string Failed = """{"state":2,"message":"-5 no space left","is_committed":true,"progress_percent":42,"commit_timeout":0,"partition":0,"version":"1.0.0","running_slot":0,"active_slot":0,"phase":"idle","ready":true,"reason":null}""";
    private const string Trial = """{"state":0,"message":"idle","is_committed":false,"progress_percent":0,"commit_timeout":300,"partition":1,"version":"1.1.0","running_slot":1,"active_slot":1,"phase":"trial","ready":true,"deadline_left":291.7,"reason":null}""";
    private const string Committed = """{"state":0,"message":"idle","is_committed":true,"progress_percent":0,"commit_timeout":0,"partition":1,"version":"1.1.0","running_slot":1,"active_slot":1,"phase":"idle","ready":true,"reason":null}""";
    private const string FellBack = """{"state":0,"message":"idle","is_committed":true,"progress_percent":0,"commit_timeout":0,"partition":0,"version":"1.0.0","running_slot":0,"active_slot":0,"phase":"idle","ready":true,"reason":{"code":"exited","text":"firmware exited with code 7 after 2.1 s","slot":1,"version":"1.1.0","time":"2026-01-01T00:00:00Z"}}""";
    private const string ShuttingDown = "\"error\":{\"code\":418,\"message\":\"shutting down in 80 ms\"}";

    [Fact]
    public async Task EveryChange_IsOneLine()
    {
        await using var device = new ScriptedDevice().On(
            "OTA.Status", Idle, Idle, Idle, Receiving, Receiving, ShuttingDown, ScriptedDevice.Down, Trial);
        var run = await WatchAsync(device, "--until", "trial");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(
            [
                "idle: version 1.0.0 in slot 0, committed, ready",
                "receiving: version 1.0.0 in slot 0, committed, ready, 42 %",
                "away: the device does not answer",
                "back: the device answers again",
                "restart: number 1 since this watch began",
                "trial: version 1.1.0 in slot 1, not committed, ready, falls back in 292 s",
            ],
            run.Output.TrimEnd().Split('\n').Select(line => line[(line.IndexOf(' ') + 1)..]));
    }

    [Fact]
    public async Task FallBack_EndsWaitingWithThree()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle, Trial, ScriptedDevice.Down, FellBack);
        var run = await WatchAsync(device, "--until", "committed", "--json");
        Assert.Equal((3, ""), (run.ExitCode, run.Error));
        var changes = run.Output.TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(["state", "away", "back", "restart", "fell_back", "state"], changes.Select(change => change["event"]!.GetValue<string>()));
        Assert.Equal("exited", changes[4]["reason"]!["code"]!.GetValue<string>());
        Assert.Equal(1, changes[5]["restarts"]!.GetValue<int>());
    }

    [Fact]
    public async Task OldReason_IsNoFallBack()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", FellBack);
        Assert.Equal(0, (await WatchAsync(device, "--until", "committed")).ExitCode);
    }

    [Fact]
    public async Task Recovery_IsAFallBack_UnlessWaitedFor()
    {
        const string Recovery = """{"state":0,"message":"recovery: nothing bootable","is_committed":false,"partition":1,"running_slot":null,"phase":"recovery"}""";
        await using var device = new ScriptedDevice().On("OTA.Status", Idle, Trial, Recovery);
        Assert.Equal(3, (await WatchAsync(device, "--until", "committed")).ExitCode);
        await using var broken = new ScriptedDevice().On("OTA.Status", Idle, Trial, Recovery);
        Assert.Equal(0, (await WatchAsync(broken, "--until", "recovery")).ExitCode);
    }

    [Fact]
    public async Task FailedUpdate_IsAnErrorForTheWaiting()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle, Receiving, Failed);
        var run = await WatchAsync(device, "--until", "committed");
        Assert.Equal((1, "Error: the update failed: -5 no space left\n"), (run.ExitCode, run.Error));
        Assert.Contains(" failed: -5 no space left\n", run.Output);
    }

    [Fact]
    public async Task Wait_EndsWithAnError()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Trial);
        var run = await WatchAsync(device, "--until", "committed", "--wait", "700ms");
        Assert.Equal((1, "Error: the device was not committed within 0.7 s\n"), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task DeviceOfOtherSoftware_IsFollowedByItsUptime()
    {
        const string Before = """{"state":0,"message":"idle","is_committed":true,"progress_percent":0,"commit_timeout":0,"partition":0}""";
        const string After = """{"state":0,"message":"idle","is_committed":false,"progress_percent":0,"commit_timeout":300,"partition":1}""";
        await using var device = new ScriptedDevice()
            .On("OTA.Status", Before, Before, After)
            .On("Sys.GetInfo", """{"uptime":500}""", """{"uptime":1}""");
        var run = await WatchAsync(device, "--until", "trial");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("restart: number 1", run.Output);
        Assert.Contains("trial: version unknown in slot 1, not committed\n", run.Output);
    }

    [Fact]
    public async Task DeviceThatIsNone_IsAnErrorAtOnce()
    {
        await using var device = new ScriptedDevice();
        var run = await WatchAsync(device);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains("OTA.Status", run.Error);
    }

    [Fact]
    public async Task ReaderWhoGoes_EndsTheWatch()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle, Idle, Receiving, Idle, Trial, Committed);
        var run = await ToolProcess.RunScriptAsync($"\"$0\" watch --port {device.Address} | head -n 1");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.EndsWith(" idle: version 1.0.0 in slot 0, committed, ready\n", run.Output);
    }

    private static Task<ToolProcess> WatchAsync(ScriptedDevice device, params string[] options) =>
        ToolProcess.RunAsync(["watch", "--port", device.Address, .. options]);
}
