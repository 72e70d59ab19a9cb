using System.Text.Json.Nodes;

namespace Meerkat.Tool.Tests;

public sealed class DeviceCommandTests
{
    private const string Status = """
        {"state":0,"message":"idle","is_committed":false,"progress_percent":0,"commit_timeout":300,"partition":1,"version":"1.1.0",
         "running_slot":1,"active_slot":1,"fallback_slot":0,"phase":"trial","ready":true,"deadline_left":123.4,
         "reason":{"code":"no_commit","text":"no commit within 300 s","slot":1,"version":"1.0.9","time":"2026-01-01T00:00:00Z"},
         "slots":[{"slot":0,"state":"committed","version":"1.0.0","build_id":"a"},{"slot":1,"state":"trial","version":"1.1.0","build_id":"b"}]}
        """;

    private const string Config = """{"update":{"timeout":600},"wifi":{"pass":"old"},"device":{"id":"dev1"}}""";

    [Fact]
    public async Task Status_ShowsWhatRunsAndWhy()
    {
        await using var device = new ScriptedDevice()
            .On("OTA.Status", Status)
            .On("OTA.GetBootState", """{"active_slot":1,"is_committed":false,"revert_slot":0,"commit_timeout":300}""")
            .On("Sys.GetInfo", """{"id":"dev1","fw_version":"1.1.0"}""");
        var run = await ToolProcess.RunAsync("status", "--port", device.Address);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var lines = run.Output.Split('\n').Select(line => string.Join(' ', line.Split([' ', '│', '─'], StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal(
            [
                "device dev1",
                "version 1.1.0",
                "state trial",
                "slot 1",
                "fallback slot 0",
                "committed no",
                "falls back in 123 s unless committed",
                "ready yes",
                "last fall back no commit within 300 s (1.0.9 in slot 1), 2026-01-01T00:00:00Z",
                "slot state version",
                "0 committed 1.0.0",
                "1 trial 1.1.0 running, next boot",
            ],
            lines.Where(line => line.Length > 0));
    }

    [Fact]
    public async Task Status_OfADeviceThatSaysLittle()
    {
        await using var device = new ScriptedDevice().On(
            "OTA.Status", """{"state":0,"message":"idle","is_committed":true,"progress_percent":0,"commit_timeout":0,"partition":0}""");
        var run = await ToolProcess.RunAsync("status", "--port", device.Address);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("unknown", run.Output);
        var json = await ToolProcess.RunAsync("status", "--json", "--port", device.Address);
        Assert.Equal("idle", JsonNode.Parse(json.Output)!["status"]!["message"]!.GetValue<string>());
        Assert.Null(JsonNode.Parse(json.Output)!["boot"]);
    }

    [Theory]
    [InlineData("commit", """{"src":"meerkat","method":"OTA.Commit"}""", "committed\n")]
    [InlineData("revert", """{"src":"meerkat","method":"OTA.Revert"}""", "reverted, the device restarts\n")]
    [InlineData("reboot", """{"src":"meerkat","method":"Sys.Reboot"}""", "the device restarts\n")]
    [InlineData("reboot --force", """{"src":"meerkat","method":"Sys.Reboot","params":{"force":true}}""", "the device restarts\n")]
    public async Task ShortCommand_MakesItsCall(string line, string frame, string output)
    {
        await using var device = new ScriptedDevice().On("OTA.Commit", "null").On("OTA.Revert", "null").On("Sys.Reboot", "null");
        var run = await ToolProcess.RunAsync([.. line.Split(' '), "--port", device.Address]);
        Assert.Equal(new ToolProcess(0, output, ""), run);
        Assert.Equal("/rpc " + frame, device.Calls.Last());
    }

    [Theory]
    [InlineData("update fw.zip --commit-timeout abc")]
    [InlineData("activate --commit-timeout 1.5")]
    [InlineData("snapshot --commit-timeout abc")]
    [InlineData("boot-state set --active x")]
    [InlineData("log -n abc")]
    [InlineData("log --slot x")]
    public async Task NumberThatIsNone_IsWrongUsage(string line)
    {
        var run = await ToolProcess.RunAsync([.. line.Split(' '), "--port", "http://127.0.0.1:1"]);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("Error: Cannot parse argument '", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RevertOfAWaitingUpdate_SaysThatItIsDiscarded()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", """{"state":0,"phase":"held"}""").On("OTA.Revert", "null");
        var run = await ToolProcess.RunAsync("revert", "--port", device.Address);
        Assert.Equal(new ToolProcess(0, "discarded, the firmware runs on\n", ""), run);
    }

    [Fact]
    public async Task Status_WrapsALongMessageInARowOfItsOwn()
    {
        var message = string.Join(' ', Enumerable.Repeat("the bundle is not for this device", 9));
        await using var device = new ScriptedDevice().On(
            "OTA.Status", Status.Replace("\"message\":\"idle\"", $"\"message\":\"{message}\"", StringComparison.Ordinal));
        var run = await ToolProcess.RunAsync("status", "--port", device.Address);
        var lines = run.Output.Split('\n').Select(line => line.TrimEnd()).ToList();
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 100));
        Assert.Contains(lines, line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["state", "trial"]);
        var from = lines.FindIndex(line => line.StartsWith("message", StringComparison.Ordinal));
        Assert.Equal(message, string.Join(' ', lines.Skip(from).Take(4).Select(line => line.Replace("message", "", StringComparison.Ordinal).Trim())));
    }

    [Theory]
    [InlineData("commit --json", "committed")]
    [InlineData("revert --json", "reverted")]
    [InlineData("reboot --json", "restarting")]
    public async Task ShortCommand_AnswersInJson(string line, string result)
    {
        await using var device = new ScriptedDevice().On("OTA.Commit", "null").On("OTA.Revert", "null").On("Sys.Reboot", "null");
        var run = await ToolProcess.RunAsync([.. line.Split(' '), "--port", device.Address]);
        Assert.Equal(new ToolProcess(0, $"{{\n  \"result\": \"{result}\"\n}}\n", ""), run);
    }

    [Theory]
    [InlineData("commit", "OTA.Commit")]
    [InlineData("revert", "OTA.Revert")]
    [InlineData("reboot", "Sys.Reboot")]
    public async Task RefusedCommand_SaysWhy(string command, string method)
    {
        await using var device = new ScriptedDevice().On(method, "\"error\":{\"code\":-1,\"message\":\"nothing is in trial\"}");
        var run = await ToolProcess.RunAsync(command, "--port", device.Address);
        Assert.Equal(new ToolProcess(1, "", $"Error: {method}: remote error -1: nothing is in trial\n"), run);
    }

    [Theory]
    [InlineData("""{"timeout":600}""", "{\n  \"timeout\": 600\n}\n")]
    [InlineData("\"dev1\"", "dev1\n")]
    [InlineData("600", "600\n")]
    public async Task ConfigGet_PrintsGroupOrValue(string result, string output)
    {
        await using var device = new ScriptedDevice().On("Config.Get", result);
        Assert.Equal(new ToolProcess(0, output, ""), await ToolProcess.RunAsync("config", "get", "a.b", "--port", device.Address));
        Assert.EndsWith("\"params\":{\"key\":\"a.b\"}}", Assert.Single(device.Calls));
    }

    [Fact]
    public async Task ConfigSet_SendsTypedValuesAndNeverRestarts()
    {
        const string After = """{"update":{"timeout":300},"wifi":{"pass":"12345678"},"device":{"id":"dev1"},"mine":2.50}""";
        await using var device = new ScriptedDevice().On("Config.Get", Config, After).On("Config.Set", """{"saved":true}""");
        var run = await ToolProcess.RunAsync(
            "config", "set", "update.timeout=300", "wifi.pass=12345678", "mine=2.50", "--port", device.Address);
        Assert.Equal(new ToolProcess(0, "update.timeout = 300\nwifi.pass = \"12345678\"\nmine = 2.50\n", ""), run);
        Assert.Contains(
            """/rpc {"src":"meerkat","method":"Config.Set","params":{"config":{"update":{"timeout":300},"wifi":{"pass":"12345678"},"mine":2.50},"save":true,"reboot":false}}""",
            device.Calls);
        Assert.Equal(3, device.Calls.Count);
    }

    [Fact]
    public async Task ConfigSetThatTheDeviceSkips_IsAnError()
    {
        await using var device = new ScriptedDevice().On("Config.Get", Config).On("Config.Set", """{"saved":true}""");
        var run = await ToolProcess.RunAsync("config", "set", "update.timeout=300", "--port", device.Address);
        Assert.Equal(
            new ToolProcess(1, "", "Error: the device did not take update.timeout; its access list (conf_acl) may forbid it\n"), run);
    }

    [Fact]
    public async Task ConfigSetOfOlderFirmware_SavesInASecondCall()
    {
        await using var device = new ScriptedDevice()
            .On("Config.Get", Config).On("Config.Set", """{"saved":false}""").On("Config.Save", """{"saved":true}""");
        await ToolProcess.RunAsync("config", "set", "update.timeout=600", "--port", device.Address);
        Assert.Contains(device.Calls, call => call.Contains("Config.Save"));
    }

    [Fact]
    public async Task ConfigSetOfALevel_NamesItInEveryCall()
    {
        await using var device = new ScriptedDevice()
            .On("Config.Get", Config, """{"update":{"timeout":300}}""").On("Config.Set", """{"saved":true}""");
        var run = await ToolProcess.RunAsync("config", "set", "update.timeout=300", "--level", "5", "--port", device.Address);
        Assert.Equal(new ToolProcess(0, "update.timeout = 300 (in level 5, from the next start)\n", ""), run);
        Assert.Equal(
            [
                """/rpc {"src":"meerkat","method":"Config.Get","params":{"level":5}}""",
                """/rpc {"src":"meerkat","method":"Config.Set","params":{"config":{"update":{"timeout":300}},"save":true,"reboot":false,"level":5}}""",
                """/rpc {"src":"meerkat","method":"Config.Get","params":{"level":5}}""",
            ],
            device.Calls);
    }

    [Fact]
    public async Task ConfigSetForOneStart_SaysSo()
    {
        await using var device = new ScriptedDevice()
            .On("Config.Get", Config, """{"update":{"timeout":300}}""").On("Config.Set", """{"saved":true}""");
        var run = await ToolProcess.RunAsync("config", "set", "update.timeout=300", "--try-once", "--port", device.Address);
        Assert.Equal(new ToolProcess(0, "update.timeout = 300 (saved for the next start only)\n", ""), run);
        Assert.Contains(device.Calls, call => call.Contains("\"try_once\":true"));
    }

    [Fact]
    public async Task ConfigSetWhoseAnswerIsLost_IsTriedAgain()
    {
        await using var device = new ScriptedDevice()
            .On("Config.Get", Config, """{"update":{"timeout":300}}""")
            .On("Config.Set", ScriptedDevice.Down, ScriptedDevice.Down, """{"saved":true}""");
        var run = await ToolProcess.RunAsync("config", "set", "update.timeout=300", "--port", device.Address);
        Assert.Equal((0, "update.timeout = 300\n"), (run.ExitCode, run.Output));
        Assert.Equal(2, run.Error.Split('\n').Count(line => line.EndsWith("tried again", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("--level", "0")]
    [InlineData("--level", "10")]
    [InlineData("--level", "3", "--no-save")]
    [InlineData("--try-once", "--no-save")]
    public async Task WrongWayOfSaving_IsWrongUsage(params string[] options)
    {
        await using var device = new ScriptedDevice().On("Config.Get", Config).On("Config.Set", """{"saved":true}""");
        var run = await ToolProcess.RunAsync(["config", "set", "update.timeout=300", .. options, "--port", device.Address]);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Empty(device.Calls);
    }

    [Fact]
    public async Task ConfigList_ShowsTypesAndOrigins_ThenWhatHasOnlyAValue()
    {
        await using var device = new ScriptedDevice()
            .On("Config.Get", """{"app":{"target":22,"free":[1],"none":null},"evil":"\u001b[2J"}""")
            .On("Config.Schema", """
                [{"key":"app.target","type":"d","default":20.5,"title":"Temperature","unit":"°C","min":5,"max":30,"value":22,"level":9,"from":"conf.json"},
                 {"key":"app.mode","type":"s","default":"a","title":"","enum":["a","b"],"value":"a","level":10,"from":"board.json"}]
                """);
        var run = await ToolProcess.RunAsync("config", "list", "--port", device.Address);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var lines = run.Output.Split('\n').Select(line => string.Join(' ', line.Split([' ', '─'], StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal(
            [
                "key type value default set by meaning",
                "app.target number 5 to 30 °C 22 20.5 9 conf.json Temperature",
                "app.mode text: \"a\", \"b\" \"a\" \"a\" board.json",
                "app.free [1]",
                "app.none null",
                "evil \"\\u001B[2J\"",
            ],
            lines.Where(line => line.Length > 0));
    }

    [Fact]
    public async Task ConfigList_OfADeviceWithoutTypes_ShowsValues()
    {
        await using var device = new ScriptedDevice().On("Config.Get", """{"ssid":"a","rssi":0}""")
            .On("Config.Schema", "\"error\":{\"code\":404,\"message\":\"No handler for Config.Schema\"}");
        var run = await ToolProcess.RunAsync("config", "list", "wifi", "--json", "--port", device.Address);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(
            """[{"key":"wifi.ssid","value":"a"},{"key":"wifi.rssi","value":0}]""", JsonNode.Parse(run.Output)!.ToJsonString());
    }

    [Theory]
    [InlineData("[]", 0, "every configuration file counts")]
    [InlineData("""[{"file":"conf3.json","key":"a","kind":"denied","text":"[a] may not be set here (conf_acl)"}]""", 0, "[a] may not be set here")]
    [InlineData("""[{"file":"conf3.json","key":"","kind":"damaged","text":"skipped, not JSON"}]""", 1, "skipped, not JSON")]
    public async Task ConfigCheck_SaysWhatDoesNotCount(string problems, int exitCode, string output)
    {
        await using var device = new ScriptedDevice().On("Config.Problems", problems);
        var run = await ToolProcess.RunAsync("config", "check", "--port", device.Address);
        Assert.Equal((exitCode, ""), (run.ExitCode, run.Error));
        Assert.Contains(output, run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("update.timeout=soon")]
    [InlineData("update.timeout")]
    [InlineData("wifi=5")]
    public async Task WrongSetting_IsRefusedBeforeItIsSent(string assignment)
    {
        await using var device = new ScriptedDevice().On("Config.Get", Config).On("Config.Set", """{"saved":true}""");
        var run = await ToolProcess.RunAsync("config", "set", assignment, "--port", device.Address);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.DoesNotContain(device.Calls, call => call.Contains("Config.Set"));
    }
}
