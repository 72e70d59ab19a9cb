using System.Text;
using System.Text.Json.Nodes;

namespace Meerkat.Tool.Tests;

/// <summary><c>activate</c>, <c>update --no-activate</c>, <c>boot-state</c>, <c>snapshot</c> and <c>log</c>.</summary>
public sealed class BootCommandTests : IDisposable
{
    private const string Idle = """{"state":0,"message":"idle","is_committed":true,"progress_percent":0,"commit_timeout":0,"partition":0,"version":"1.0.0","running_slot":0,"active_slot":0,"phase":"idle","ready":true,"reason":null}""";
    private const string Held = """{"state":0,"message":"installed, waits to be activated","is_committed":true,"progress_percent":100,"commit_timeout":0,"partition":0,"version":"1.0.0","running_slot":0,"active_slot":0,"phase":"held","ready":true,"reason":null,"slots":[{"slot":0,"state":"committed","version":"1.0.0"},{"slot":1,"state":"written","version":"1.1.0"}]}""";
    private const string Armed = """{"state":3,"message":"success","is_committed":false,"progress_percent":100,"commit_timeout":300,"partition":1,"version":"1.0.0","running_slot":0,"active_slot":1,"phase":"armed","ready":true,"reason":null}""";
    private const string Trial = """{"state":0,"message":"idle","is_committed":false,"progress_percent":0,"commit_timeout":300,"partition":1,"version":"1.1.0","running_slot":1,"active_slot":1,"phase":"trial","ready":true,"deadline_left":291.7,"reason":null}""";
    private const string FellBack = """{"state":0,"message":"idle","is_committed":true,"progress_percent":0,"commit_timeout":0,"partition":0,"version":"1.0.0","running_slot":0,"active_slot":0,"phase":"idle","ready":true,"reason":{"code":"exited","text":"firmware exited with code 7","slot":1,"version":"1.1.0","time":"2026-01-01T00:00:00Z"}}""";
    private const string State = """{"active_slot":1,"is_committed":false,"revert_slot":0,"commit_timeout":300,"reason":null}""";

    private readonly string bundle = Path.Combine(Directory.CreateTempSubdirectory("meerkat-tool-").FullName, "fw.zip");

    public BootCommandTests() => File.WriteAllText(bundle, "a bundle");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(bundle)!, recursive: true);

    [Fact]
    public async Task NoActivate_SaysWhatWaitsAndHowToStartIt()
    {
        await using var device = new ScriptedDevice { UpdateAnswer = (200, "1 Update installed") }.On("OTA.Status", Idle, Held);
        var run = await ToolProcess.RunAsync("update", bundle, "--no-activate", "--port", device.Address);
        Assert.Equal(
            (0, $"""
            1 Update installed
            version 1.1.0 is installed in slot 1 and waits; version 1.0.0 runs in slot 0, as before
            start it: meerkat activate --port {device.Address}

            """),
            (run.ExitCode, run.Output));
        var form = Encoding.Latin1.GetString(device.Upload!);
        var field = form.IndexOf("name=\"activate\"\r\n", StringComparison.Ordinal);
        Assert.True(field > 0 && field < form.IndexOf("name=\"file\"", StringComparison.Ordinal));
        Assert.Contains("\r\n\r\nfalse\r\n", form);
        await using var again = new ScriptedDevice().On("OTA.Status", Idle, Held);
        var json = JsonNode.Parse((await ToolProcess.RunAsync("update", bundle, "--no-activate", "--json", "--port", again.Address)).Output)!;
        Assert.Equal("held 1.1.0 1", $"{json["result"]} {json["installed_version"]} {json["installed_slot"]}");
    }

    [Fact]
    public async Task Update_WithoutTheOption_SendsNoSuchField()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle);
        await ToolProcess.RunAsync("update", bundle, "--no-wait", "--port", device.Address);
        Assert.DoesNotContain("activate", Encoding.Latin1.GetString(device.Upload!));
    }

    [Fact]
    public async Task DeviceThatRestartsAllTheSame_IsAnError()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle, Armed);
        var run = await ToolProcess.RunAsync("update", bundle, "--no-activate", "--port", device.Address);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.EndsWith($"Error: the device does not hold updates back and restarts into this one; see: meerkat watch --port {device.Address}\n", run.Error);
    }

    [Theory]
    [InlineData("", "OTA.Activate\"}")]
    [InlineData("--commit-timeout 300", "OTA.Activate\",\"params\":{\"commit_timeout\":300}}")]
    public async Task Activate_WaitsForTheTrial(string option, string call)
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Held, Armed, ScriptedDevice.Down, Trial).On("OTA.Activate", "null");
        var run = await ToolProcess.RunAsync(["activate", "--port", device.Address, .. option.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("activated, the device restarts\nversion 1.1.0 runs in slot 1, in trial (was 1.0.0 in slot 0)\n", run.Output);
        Assert.Contains(device.Calls, made => made.EndsWith(call, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ActivatedUpdateThatFallsBack_EndsWithThree()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Held, Armed, FellBack).On("OTA.Activate", """{"message":"restarting"}""");
        var run = await ToolProcess.RunAsync("activate", "--port", device.Address);
        Assert.Equal((3, "restarting\nfell back: firmware exited with code 7\nversion 1.0.0 runs in slot 0\n"), (run.ExitCode, run.Output));
    }

    [Theory]
    [InlineData("activate", "OTA.Activate", "this device holds no updates back: it has no OTA.Activate")]
    [InlineData("snapshot", "OTA.CreateSnapshot", "this device makes no snapshots: it has no OTA.CreateSnapshot")]
    [InlineData("boot-state", "OTA.GetBootState", "this device does not tell its boot state: it has no OTA.GetBootState")]
    [InlineData("boot-state set --active 1", "OTA.SetBootState", "this device's boot state cannot be changed: it has no OTA.SetBootState")]
    [InlineData("log", "Sys.GetLog", "this device does not show its logs: it has no Sys.GetLog")]
    public async Task MissingMethod_AndRefusal_AreSaidSo(string line, string method, string missing)
    {
        await using var without = new ScriptedDevice().On("OTA.Status", Idle);
        Assert.Equal(new ToolProcess(1, "", $"Error: {missing}\n"), await ToolProcess.RunAsync([.. line.Split(' '), "--port", without.Address]));
        await using var refusing = new ScriptedDevice().On("OTA.Status", Idle).On(method, "\"error\":{\"code\":-1,\"message\":\"not now\"}");
        Assert.Equal(
            new ToolProcess(1, "", $"Error: {method}: remote error -1: not now\n"),
            await ToolProcess.RunAsync([.. line.Split(' '), "--port", refusing.Address]));
    }

    [Fact]
    public async Task BootState_IsShown()
    {
        await using var device = new ScriptedDevice().On("OTA.GetBootState", State);
        var run = await ToolProcess.RunAsync("boot-state", "--port", device.Address);
        Assert.Equal(
            new ToolProcess(0, "active slot      1\nfallback slot    0\ncommitted        no\ncommit timeout   300 s\n", ""), run);
        var json = await ToolProcess.RunAsync("boot-state", "--json", "--port", device.Address);
        Assert.Equal(300, (int)JsonNode.Parse(json.Output)!["commit_timeout"]!);
    }

    [Theory]
    [InlineData("--active 1", """{"active_slot":1}""")]
    [InlineData("--fallback none", """{"revert_slot":-1}""")]
    [InlineData("--fallback 0 --committed false --commit-timeout 0", """{"is_committed":false,"revert_slot":0,"commit_timeout":0}""")]
    [InlineData("--committed true", """{"is_committed":true}""")]
    public async Task BootStateSet_SendsWhatIsGiven_AndShowsWhatCameOfIt(string options, string arguments)
    {
        await using var device = new ScriptedDevice().On("OTA.GetBootState", State).On("OTA.SetBootState", "null");
        var run = await ToolProcess.RunAsync(["boot-state", "set", .. options.Split(' '), "--port", device.Address]);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.StartsWith("active slot      1\n", run.Output);
        Assert.Equal("/rpc {\"src\":\"meerkat\",\"method\":\"OTA.SetBootState\",\"params\":" + arguments + "}", device.Calls.First());
    }

    [Theory]
    [InlineData("", "{}", "copied to slot 1\n")]
    [InlineData("--as-fallback", """{"set_as_revert":true}""", "copied to slot 1, which the device falls back to unless committed\n")]
    [InlineData("--as-fallback --commit-timeout 60", """{"set_as_revert":true,"commit_timeout":60}""", "copied to slot 1, which the device falls back to unless committed\n")]
    public async Task Snapshot_SaysWhereItIs(string options, string arguments, string output)
    {
        await using var device = new ScriptedDevice().On("OTA.CreateSnapshot", """{"slot":1}""");
        var run = await ToolProcess.RunAsync(["snapshot", "--port", device.Address, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal(new ToolProcess(0, output, ""), run);
        Assert.Equal("/rpc {\"src\":\"meerkat\",\"method\":\"OTA.CreateSnapshot\",\"params\":" + arguments + "}", Assert.Single(device.Calls));
    }

    [Theory]
    [InlineData("boot-state set")]
    [InlineData("boot-state set --fallback other")]
    [InlineData("boot-state set --active -1")]
    [InlineData("boot-state set --committed maybe")]
    [InlineData("snapshot --commit-timeout 60")]
    [InlineData("update fw.zip --no-activate --commit")]
    [InlineData("activate --commit --no-wait")]
    [InlineData("log --source boot --slot 1")]
    [InlineData("log --source kernel")]
    [InlineData("watch --wait 5s")]
    [InlineData("watch --until tomorrow")]
    public async Task WrongUsage_EndsWithTwo(string line)
    {
        var run = await ToolProcess.RunAsync([.. line.Split(' '), "--port", "http://127.0.0.1:1"]);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Matches("^Error: [^\n]+\n$", run.Error);
    }

    [Fact]
    public async Task LogThatIsCut_IsReadFromItsBeginning()
    {
        await using var device = new ScriptedDevice().On(
            "Sys.GetLog",
            """{"slot":0,"running_slot":0,"text":"5\n6\n","cursor":"a:6","more":false,"cut":true}""",
            """{"slot":0,"running_slot":0,"text":"1\n2\n3\n","cursor":"a:3","more":true}""",
            """{"slot":0,"running_slot":0,"text":"4\n5\n6\n","cursor":"a:6","more":false}""");
        Assert.Equal(new ToolProcess(0, "3\n4\n5\n6\n", ""), await ToolProcess.RunAsync("log", "-n", "4", "--port", device.Address));
        Assert.EndsWith("\"params\":{\"source\":\"firmware\",\"slot\":0,\"cursor\":\"a:3\"}}", device.Calls.ToList()[^1]);
    }
}
