using System.Text;
using System.Text.Json.Nodes;

namespace Meerkat.Tool.Tests;

public sealed class UpdateTests : IDisposable
{
    private const string Idle = """{"state":0,"message":"idle","is_committed":true,"progress_percent":0,"commit_timeout":0,"partition":0,"version":"1.0.0","running_slot":0,"active_slot":0,"phase":"idle","ready":true,"reason":null}""";
    private const string Armed = """{"state":3,"message":"success","is_committed":false,"progress_percent":100,"commit_timeout":300,"partition":1,"version":"1.0.0","running_slot":0,"active_slot":1,"phase":"armed","ready":true,"reason":null}""";
    private const string NotReady = """{"state":0,"message":"idle","is_committed":false,"progress_percent":0,"commit_timeout":300,"partition":1,"version":"1.1.0","running_slot":1,"active_slot":1,"phase":"trial","ready":false,"deadline_left":299.9,"reason":null}""";
    private const string Trial = """{"state":0,"message":"idle","is_committed":false,"progress_percent":0,"commit_timeout":300,"partition":1,"version":"1.1.0","running_slot":1,"active_slot":1,"phase":"trial","ready":true,"deadline_left":291.7,"reason":null}""";
    private const string SelfCommitting = """{"state":0,"message":"idle","is_committed":false,"progress_percent":0,"commit_timeout":0,"partition":1,"version":"1.1.0","running_slot":1,"active_slot":1,"phase":"trial","ready":true,"deadline_left":null,"reason":null}""";
    private const string Committed = """{"state":0,"message":"idle","is_committed":true,"progress_percent":0,"commit_timeout":0,"partition":1,"version":"1.1.0","running_slot":1,"active_slot":1,"phase":"idle","ready":true,"reason":null}""";
    private const string FellBack = """{"state":0,"message":"idle","is_committed":true,"progress_percent":0,"commit_timeout":0,"partition":0,"version":"1.0.0","running_slot":0,"active_slot":0,"phase":"idle","ready":true,"reason":{"code":"exited","text":"firmware exited with code 7 after 2.1 s","slot":1,"version":"1.1.0","time":"2026-01-01T00:00:00Z"}}""";
    private const string ShuttingDown = "\"error\":{\"code\":418,\"message\":\"shutting down in 80 ms\"}";

    private readonly string bundle = Path.Combine(Directory.CreateTempSubdirectory("meerkat-tool-").FullName, "fw \"1\".zip");

    public UpdateTests() => File.WriteAllBytes(bundle, [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * 7 % 251))]);

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(bundle)!, recursive: true);

    [Fact]
    public async Task Upload_IsWhatDevicesRead()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle);
        var run = await UpdateAsync(device, "--no-wait", "--commit-timeout", "300");
        Assert.Equal((0, "1 Update applied, rebooting\n"), (run.ExitCode, run.Output));

        var headers = device.UploadHeaders!;
        Assert.Contains($"Content-Length: {device.Upload!.Length}", headers);
        Assert.Contains("Content-Type: multipart/form-data; boundary=", headers);
        Assert.DoesNotContain("Expect", headers);
        var text = Encoding.Latin1.GetString(device.Upload);
        var timeout = text.IndexOf("name=\"commit_timeout\"\r\n", StringComparison.Ordinal);
        var file = text.IndexOf("Content-Disposition: form-data; name=\"file\"; filename=\"fw__1_.zip\"\r\n", StringComparison.Ordinal);
        Assert.True(timeout > 0 && file > timeout);
        Assert.Contains("\r\n\r\n300\r\n", text);
        Assert.Contains("\r\n\r\n" + Encoding.Latin1.GetString(File.ReadAllBytes(bundle)) + "\r\n--", text);
        Assert.EndsWith("--\r\n", text);
    }

    [Fact]
    public async Task CommitTimeout_IsLeftToTheDeviceWhenNotGiven()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle);
        await UpdateAsync(device, "--no-wait");
        Assert.DoesNotContain("commit_timeout", Encoding.Latin1.GetString(device.Upload!));
    }

    [Fact]
    public async Task Trial_SaysUntilWhenToCommit()
    {
        await using var device = new ScriptedDevice()
            .On("OTA.Status", Idle, Armed, ShuttingDown, ScriptedDevice.Down, ScriptedDevice.Down, NotReady, Trial);
        var run = await UpdateAsync(device);
        Assert.Equal(
            $"""
            1 Update applied, rebooting
            version 1.1.0 runs in slot 1, in trial (was 1.0.0 in slot 0)
            commit within 291 s: meerkat commit --port {device.Address}

            """,
            run.Output);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("waiting for the restart\nwaiting for the new firmware to be ready\n", run.Error);
        Assert.Contains("sent 100 %", run.Error);
    }

    [Fact]
    public async Task CommitOption_CommitsOnceReady()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle, Armed, NotReady, Trial, Committed).On("OTA.Commit", "null");
        var run = await UpdateAsync(device, "--commit");
        Assert.Equal(0, run.ExitCode);
        Assert.EndsWith("version 1.1.0 runs in slot 1, committed (was 1.0.0 in slot 0)\n", run.Output);
        var methods = device.Calls.Select(c => JsonNode.Parse(c[c.IndexOf('{')..])!["method"]!.GetValue<string>()).ToList();
        Assert.Single(methods, "OTA.Commit");
        Assert.Equal(4, methods.TakeWhile(m => m != "OTA.Commit").Count(m => m == "OTA.Status"));
    }

    [Fact]
    public async Task CommitRefusedBecauseDoneAlready_IsNoError()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle, Trial, Committed).On("OTA.Commit", "\"error\":{\"code\":-1}");
        Assert.Equal(0, (await UpdateAsync(device, "--commit")).ExitCode);
    }

    [Fact]
    public async Task SelfCommittingFirmware_IsWaitedFor()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle, Armed, SelfCommitting, SelfCommitting, Committed);
        var run = await UpdateAsync(device);
        Assert.EndsWith("version 1.1.0 runs in slot 1, committed (was 1.0.0 in slot 0)\n", run.Output);
        Assert.DoesNotContain("OTA.Commit", string.Join('\n', device.Calls));
    }

    [Theory]
    [InlineData("--json=false")]
    [InlineData("--commit")]
    public async Task FallBack_EndsWithThreeAndTheReason(string option)
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle, Armed, NotReady, ScriptedDevice.Down, FellBack);
        var run = await UpdateAsync(device, option);
        Assert.Equal(3, run.ExitCode);
        Assert.EndsWith("fell back: firmware exited with code 7 after 2.1 s\nversion 1.0.0 runs in slot 0\n", run.Output);
    }

    [Fact]
    public async Task Recovery_IsTheWorstFallBack()
    {
        const string Recovery = """{"state":0,"message":"recovery: nothing bootable","is_committed":false,"partition":1,"running_slot":null,"phase":"recovery"}""";
        await using var device = new ScriptedDevice().On("OTA.Status", Idle, Armed, Recovery);
        var run = await UpdateAsync(device);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("fell back: recovery: nothing bootable\n", run.Output);
    }

    [Fact]
    public async Task OldReason_IsNotTakenForThisUpdates()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", FellBack, Armed.Replace("\"reason\":null", "\"reason\":{}"), Committed);
        Assert.Equal(0, (await UpdateAsync(device)).ExitCode);
    }

    [Fact]
    public async Task NothingToUpdate_IsSaidSo()
    {
        await using var device = new ScriptedDevice { UpdateAnswer = (200, "Version is the same as current") }.On("OTA.Status", Idle);
        var run = await UpdateAsync(device);
        Assert.Equal(new ToolProcess(0, "Version is the same as current\nversion 1.0.0 runs in slot 0, as before\n", run.Error), run);
    }

    [Fact]
    public async Task Json_IsOneObject()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle, FellBack);
        var run = await UpdateAsync(device, "--json");
        var json = JsonNode.Parse(run.Output)!;
        Assert.Equal((3, "fell_back", "exited"), (run.ExitCode, json["result"]!.GetValue<string>(), json["reason"]!["code"]!.GetValue<string>()));
        Assert.Equal("1.0.0 0", $"{json["version"]} {json["slot"]}");
    }

    [Theory]
    [InlineData(400, "platform \"esp32\" is not \"linux-x64\"\r\n", "the device refused the update (HTTP status 400): platform \"esp32\" is not \"linux-x64\"")]
    [InlineData(500, "", "the device refused the update (HTTP status 500): no reason given")]
    [InlineData(404, "", "OTA.Begin")]
    public async Task Refusal_IsPassedOn(int status, string answer, string error)
    {
        await using var device = new ScriptedDevice { UpdateAnswer = (status, answer) }.On("OTA.Status", Idle);
        var run = await UpdateAsync(device);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains(error, run.Error);
    }

    [Fact]
    public async Task RefusalBeforeTheEndOfTheUpload_IsPassedOn()
    {
        File.WriteAllBytes(bundle, new byte[30_000_000]);
        await using var device = new HastyDevice("HTTP/1.1 400 Bad Request\r\nContent-Length: 21\r\nConnection: close\r\n\r\nan update is in trial");
        var run = await ToolProcess.RunAsync("update", bundle, "--port", device.Address);
        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("Error: the device refused the update (HTTP status 400): an update is in trial\n", run.Error);
    }

    [Fact]
    public async Task ConnectionClosedWithoutAnswer_IsSaidSoWithTheStatus()
    {
        File.WriteAllBytes(bundle, new byte[30_000_000]);
        await using var device = new HastyDevice("");
        var run = await ToolProcess.RunAsync("update", bundle, "--port", device.Address);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"Error: lost the connection to {device.Address}/update: ", run.Error);
        Assert.EndsWith("; the device says: an update is running\n", run.Error);
    }

    [Fact]
    public async Task DeviceOfOtherSoftware_IsFollowedByItsUptime()
    {
        const string Before = """{"state":0,"message":"idle","is_committed":true,"progress_percent":0,"commit_timeout":0,"partition":0}""";
        const string After = """{"state":0,"message":"idle","is_committed":false,"progress_percent":0,"commit_timeout":300,"partition":1}""";
        await using var device = new ScriptedDevice()
            .On("OTA.Status", Before, After)
            .On("Sys.GetInfo", Info("1.0", 500), Info("1.0", 501), Info("1.0", 502), Info("1.1", 2));
        var run = await UpdateAsync(device);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("version 1.1 runs in slot 1, in trial (was 1.0 in slot 0)\ncommit within 300 s:", run.Output);

        static string Info(string version, int uptime) => $$"""{"id":"esp","fw_version":"{{version}}","uptime":{{uptime}}}""";
    }

    [Fact]
    public async Task DeviceThatDoesNotComeBack_IsGivenUp()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle, Armed, ScriptedDevice.Down);
        var run = await UpdateAsync(device, "--wait", "1s");
        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith(
            $"Error: gave up waiting for the restart after 1 s; look again with: meerkat status --port {device.Address}\n", run.Error);
    }

    [Fact]
    public async Task MissingFile_IsSaidSoBeforeTheDeviceIsAsked()
    {
        await using var device = new ScriptedDevice().On("OTA.Status", Idle);
        var run = await ToolProcess.RunAsync("update", "/nowhere/fw.zip", "--port", device.Address);
        Assert.Equal(new ToolProcess(1, "", "Error: no such file: /nowhere/fw.zip\n"), run);
        Assert.Empty(device.Calls);
    }

    private Task<ToolProcess> UpdateAsync(ScriptedDevice device, params string[] options) =>
        ToolProcess.RunAsync(["update", bundle, "--port", device.Address, .. options]);
}
