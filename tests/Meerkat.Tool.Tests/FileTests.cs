using System.Text;
using System.Text.Json.Nodes;

namespace Meerkat.Tool.Tests;

/// <summary>Files of devices that are not ours: small frames, old methods, odd answers.</summary>
public sealed class FileTests : IDisposable
{
    private const string Methods = """["FS.Rename","FS.Put","FS.Get"]""";

    private readonly string folder = Directory.CreateTempSubdirectory("meerkat-tool-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task List_IsATableWithSizes()
    {
        await using var device = new ScriptedDevice().On(
            "FS.ListExt", """[{"name":"index.html","size":12345},{"name":"conf9.json","size":7}]""");
        var run = await RunAsync(device, "ls");
        Assert.Equal(new ToolProcess(0, "    7  conf9.json\n12345  index.html\n", ""), run);
        Assert.Equal(["""/rpc {"src":"meerkat","method":"FS.ListExt"}"""], device.Calls);
    }

    [Theory]
    [InlineData("[]", 1, "", "Error: no such file or directory on the device: b\n")]
    [InlineData("""[{"name":"b","size":5}]""", 0, "5  b\n", "")]
    [InlineData("""[{"name":"b","size":0,"kind":"directory"}]""", 0, "", "")]
    public async Task EmptyList_IsLookedUpAbove(string above, int code, string output, string error)
    {
        await using var device = new ScriptedDevice().On("FS.ListExt", "[]", above);
        Assert.Equal(new ToolProcess(code, output, error), await RunAsync(device, "ls", "b"));
    }

    [Fact]
    public async Task Get_PutsPiecesTogether()
    {
        await using var device = new ScriptedDevice()
            .On("FS.Get", Piece("abc", 5), Piece("de", 3), Piece("fgh", 0)).On("Config.Get", "4096");
        Assert.Equal(new ToolProcess(0, "abcdefgh", ""), await RunAsync(device, "get", "a b.txt"));
        Assert.EndsWith("\"params\":{\"filename\":\"a b.txt\",\"offset\":5,\"len\":2655}}", device.Calls.ToList()[^1]);
    }

    [Fact]
    public async Task FileThatChangesWhileItIsRead_IsAnError_AndLeavesNothing()
    {
        var local = Path.Combine(folder, "x");
        File.WriteAllText(local, "old");
        await using var device = new ScriptedDevice().On("FS.Get", Piece("abc", 5), Piece("de", 30));
        var run = await RunAsync(device, "get", "x", local);
        Assert.Equal((1, "Error: x was changed on the device while it was read; get it again\n"), (run.ExitCode, run.Error));
        Assert.Equal([local], Directory.GetFileSystemEntries(folder));
        Assert.Equal("old", File.ReadAllText(local));
    }

    [Fact]
    public async Task Get_WritesThroughLinksAndToDevices()
    {
        var (target, link) = (Path.Combine(folder, "target"), Path.Combine(folder, "link"));
        File.WriteAllText(target, "old");
        File.CreateSymbolicLink(link, "target");
        await using var device = new ScriptedDevice().On("FS.Get", Piece("new", 0));
        Assert.Equal(0, (await RunAsync(device, "get", "x", link)).ExitCode);
        Assert.Equal(("new", "target"), (File.ReadAllText(target), new FileInfo(link).LinkTarget));
        Assert.Equal(0, (await RunAsync(device, "get", "x", "/dev/null")).ExitCode);
        Assert.Equal(0, (await RunAsync(device, "get", "x", folder)).ExitCode);
        Assert.Equal("new", File.ReadAllText(Path.Combine(folder, "x")));
    }

    [Fact]
    public async Task Put_FitsTheFramesOfASmallDevice_AndRenamesAtTheEnd()
    {
        var local = await LocalAsync(6000);
        await using var device = new ScriptedDevice()
            .On("RPC.List", Methods).On("FS.Put", "null").On("FS.Rename", "null").On("FS.Get", Piece("a", 5999));
        var run = await RunAsync(device, "put", local, "etc/new.bin");
        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        Assert.All(device.Calls, call => Assert.InRange(call.Length, 1, 4096));
        var calls = device.Calls.Select(call => JsonNode.Parse(call[call.IndexOf('{')..])!).ToList();
        var puts = calls.Where(call => (string?)call["method"] == "FS.Put").Select(call => call["params"]!).ToList();
        Assert.Equal([false, true, true], puts.Select(put => (bool)put["append"]!));
        var temporary = (string)puts[0]["filename"]!;
        Assert.Matches("^etc/put-[0-9a-f]{8}\\.tmp$", temporary);
        Assert.Equal(await File.ReadAllBytesAsync(local), puts.SelectMany(put => Convert.FromBase64String((string)put["data"]!)));
        Assert.Equal($$$"""{"src":"meerkat","method":"FS.Rename","params":{"src":"{{{temporary}}}","dst":"etc/new.bin"}}""", calls[^1].ToJsonString());
    }

    [Fact]
    public async Task DeviceWithoutRename_IsWrittenToDirectly()
    {
        var local = await LocalAsync(6000);
        await using var device = new ScriptedDevice().On("RPC.List", """["FS.Put"]""").On("FS.Put", "null").On("FS.Get", Piece("a", 5999));
        Assert.Equal(0, (await RunAsync(device, "put", local, "new.bin")).ExitCode);
        Assert.All(device.Calls.Where(call => call.Contains("FS.Put")), call => Assert.Contains("\"filename\":\"new.bin\"", call));
        Assert.DoesNotContain(device.Calls, call => call.Contains("FS.Rename"));
    }

    [Fact]
    public async Task PutThatBreaksOff_RemovesItsRest()
    {
        var local = await LocalAsync(6000);
        await using var device = new ScriptedDevice()
            .On("RPC.List", Methods).On("FS.Put", "null", "\"error\":{\"code\":500,\"message\":\"failed to write data\"}").On("FS.Remove", "null");
        var run = await RunAsync(device, "put", local, "new.bin");
        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("Error: cannot write new.bin on the device: failed to write data\n", run.Error);
        Assert.Contains("FS.Remove", device.Calls.ToList()[^1]);
        Assert.DoesNotContain(device.Calls, call => call.Contains("FS.Rename"));
    }

    [Fact]
    public async Task SizeThatDiffers_IsAnError()
    {
        var local = await LocalAsync(10);
        await using var device = new ScriptedDevice().On("FS.Put", "null").On("FS.Get", Piece("a", 3));
        var run = await RunAsync(device, "put", local, "new.bin");
        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("Error: new.bin has 4 bytes on the device, 10 were sent; is its file system full?\n", run.Error);
    }

    [Fact]
    public async Task FrameSize_ComesFromTheWholeConfigurationToo()
    {
        var local = await LocalAsync(6000);
        await using var device = new ScriptedDevice()
            .On("Config.Get", """{"rpc":{"max_frame_size":65536}}""").On("FS.Put", "null").On("FS.Get", Piece("a", 5999));
        Assert.Equal(0, (await RunAsync(device, "put", local, "new.bin")).ExitCode);
        Assert.Single(device.Calls, call => call.Contains("FS.Put"));
    }

    [Theory]
    [InlineData("remove failed", "[]", "Error: no such file or directory on the device: x\n")]
    [InlineData("remove failed", """[{"name":"x","size":1}]""", "Error: cannot remove x on the device: remove failed\n")]
    public async Task RefusedRemoval_SaysWhy(string message, string list, string error)
    {
        await using var device = new ScriptedDevice()
            .On("FS.Remove", $"\"error\":{{\"code\":500,\"message\":\"{message}\"}}").On("FS.ListExt", list);
        Assert.Equal(new ToolProcess(1, "", error), await RunAsync(device, "rm", "x"));
    }

    [Theory]
    [InlineData("get x", "FS.Get")]
    [InlineData("ls", "FS.ListExt")]
    [InlineData("rm x", "FS.Remove")]
    public async Task DeviceWithoutFiles_IsSaidSo(string line, string method)
    {
        await using var device = new ScriptedDevice();
        var run = await RunAsync(device, line.Split(' '));
        Assert.Equal(new ToolProcess(1, "", $"Error: this device has no {method}\n"), run);
    }

    [Theory]
    [InlineData("put - --port http://127.0.0.1:1", 2, "standard input has no name")]
    [InlineData("put - etc/ --port http://127.0.0.1:1", 2, "standard input has no name")]
    [InlineData("put /nowhere/x --port http://127.0.0.1:1", 1, "no such file: /nowhere/x")]
    [InlineData("put / --port http://127.0.0.1:1", 1, "/ is a directory")]
    public async Task WrongSource_IsRefusedBeforeTheDeviceIsAsked(string line, int code, string error)
    {
        var run = await ToolProcess.RunAsync(line.Split(' '));
        Assert.Equal((code, ""), (run.ExitCode, run.Output));
        Assert.Contains(error, run.Error);
    }

    private async Task<string> LocalAsync(int bytes)
    {
        var path = Path.Combine(folder, "local.bin");
        await File.WriteAllBytesAsync(path, [.. Enumerable.Range(0, bytes).Select(number => (byte)(number * 7 % 251))]);
        return path;
    }

    private static string Piece(string text, int left) =>
        $$"""{"data":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}}","left":{{left}}}""";

    private static Task<ToolProcess> RunAsync(ScriptedDevice device, params string[] args) =>
        ToolProcess.RunAsync([.. args, "--port", device.Address]);
}
