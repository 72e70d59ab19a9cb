using System.Net;
using System.Net.Sockets;

namespace Meerkat.Tool.Tests;

public sealed class CallTests
{
    [Theory]
    [InlineData("""{"a":2.50,"b":[1,12345678901234567890],"c":"ü+"}""", "{\n  \"a\": 2.50,\n  \"b\": [\n    1,\n    12345678901234567890\n  ],\n  \"c\": \"ü+\"\n}\n")]
    [InlineData("null", "null\n")]
    [InlineData("5", "5\n")]
    [InlineData("\"error\":{\"code\":0,\"message\":\"Update applied, finalizing\"}", "null\n")]
    public async Task Result_IsPrintedAsJson(string payload, string output)
    {
        await using var device = new ScriptedDevice().On("X.Y", payload);
        Assert.Equal(new ToolProcess(0, output, ""), await ToolProcess.RunAsync("call", "X.Y", "--port", device.Address));
    }

    [Fact]
    public async Task Arguments_AreSentAsTyped()
    {
        await using var device = new ScriptedDevice().On("X.Y", "null");
        await ToolProcess.RunAsync("call", "X.Y", """ { "a" : 2.50, "b": 12345678901234567890 } """, "--port", device.Address + "/rpc");
        Assert.Equal(["""/rpc {"src":"meerkat","method":"X.Y","params":{"a":2.50,"b":12345678901234567890}}"""], device.Calls);
    }

    [Theory]
    [InlineData("", "/rpc ")]
    [InlineData("/", "/rpc ")]
    [InlineData("/rpc", "/rpc ")]
    [InlineData("/devices/7/rpc", "/devices/7/rpc ")]
    public async Task Address_WithoutPath_MeansRpc(string path, string called)
    {
        await using var device = new ScriptedDevice().On("X.Y", "null");
        await ToolProcess.RunAsync("call", "X.Y", "--port", device.Address + path);
        Assert.StartsWith(called, Assert.Single(device.Calls));
    }

    [Theory]
    [InlineData("MEERKAT_PORT")]
    [InlineData("MOS_PORT")]
    public async Task Address_ComesFromTheEnvironment(string variable)
    {
        await using var device = new ScriptedDevice().On("X.Y", "1");
        var run = await ToolProcess.RunAsync(new Dictionary<string, string> { [variable] = device.Address }, "call", "X.Y");
        Assert.Equal(new ToolProcess(0, "1\n", ""), run);
    }

    [Fact]
    public async Task RemoteError_IsOneLineOnStandardError()
    {
        await using var device = new ScriptedDevice();
        var run = await ToolProcess.RunAsync("call", "X.Y", "--port", device.Address);
        Assert.Equal(new ToolProcess(1, "", "Error: X.Y: remote error 404: No handler for X.Y\n"), run);
    }

    [Fact]
    public async Task InvalidJson_IsRefusedBeforeSending()
    {
        await using var device = new ScriptedDevice().On("X.Y", "null");
        var run = await ToolProcess.RunAsync("call", "X.Y", "{commit_timeout: 300}", "--port", device.Address);
        Assert.Equal((1, "", 0), (run.ExitCode, run.Output, device.Calls.Count));
        Assert.StartsWith("Error: the arguments are not JSON", run.Error);
    }

    [Theory]
    [InlineData("call")]
    [InlineData("call X.Y")]
    [InlineData("call X.Y --port ftp://127.0.0.1/rpc")]
    [InlineData("call X.Y --port http://127.0.0.1:1 --timeout soon")]
    [InlineData("call X.Y --port http://127.0.0.1:1 --no-such-option")]
    [InlineData("no-such-command")]
    [InlineData("config set a --port http://127.0.0.1:1 --reboot --no-save")]
    [InlineData("update fw.zip --port http://127.0.0.1:1 --commit --no-wait")]
    [InlineData("update fw.zip --port http://127.0.0.1:1 --commit-timeout 604801")]
    public async Task WrongUsage_EndsWithTwo(string line)
    {
        var run = await ToolProcess.RunAsync(line.Split(' '));
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Matches("^Error: [^\n]+\n$", run.Error);
    }

    [Fact]
    public async Task NobodyListening_SaysWhatToDo()
    {
        int port;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }
        var run = await ToolProcess.RunAsync("call", "X.Y", "--port", $"http://127.0.0.1:{port}");
        Assert.Equal(
            new ToolProcess(
                1,
                "",
                $"Error: cannot reach http://127.0.0.1:{port}/rpc: connection refused; "
                    + "is meerkat-boot running and does http.listen_addr say this address?\n"),
            run);
    }

    [Fact]
    public async Task SilentDevice_EndsAtTheTimeout()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = $"http://{silent.LocalEndpoint}";
        var run = await ToolProcess.RunAsync("call", "X.Y", "--timeout", "200ms", "--port", address);
        Assert.Equal(new ToolProcess(1, "", $"Error: {address}/rpc did not answer within 0.2 s\n"), run);
    }

    [Fact]
    public async Task Help_ListsCommandsInOneLineEachAndExamplesWithTheCommand()
    {
        var list = await ToolProcess.RunAsync("--help");
        var call = await ToolProcess.RunAsync("call", "--help");
        Assert.Equal((0, 0), (list.ExitCode, call.ExitCode));
        Assert.DoesNotContain("meerkat revert --port", list.Output);
        Assert.Contains("Give the trial up", list.Output);
        Assert.Contains("meerkat call RPC.List --port", call.Output);
        Assert.Contains("30m", call.Output);
    }
}
