using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>Calls over every channel but HTTP, byte by byte, against a running device.</summary>
public sealed class ChannelTests
{
    private const string Ping = """{"src":"mos","id":1662941514412,"method":"RPC.Ping"}""";

    [Fact]
    public async Task Stream_AnswersInTheWayItsCallerSpeaks()
    {
        var port = DeviceUnderTest.FreePort();
        await using var device = await DeviceUnderTest.StartAsync("device.id=dev1", $"rpc.tcp.listen_addr=tcp://127.0.0.1:{port}");
        await using var pipe = await ConnectAsync(device, port);

        await pipe.SendAsync("""{"id":5,"method":"RPC.Ping"}""" + "\n");
        Assert.StartsWith("\n{\"id\":5,\"src\":\"dev1\",\"result\":{\"channel_info\":\"127.0.0.1:", await pipe.UntilAsync("}}\n"));
        await pipe.SendAsync($"\n\"\"\"{Ping}\"\"\"\n");
        Assert.StartsWith(
            "\n\n\n\"\"\"{\"id\":1662941514412,\"src\":\"dev1\",\"dst\":\"mos\",\"result\":{\"channel_info\":\"127.0.0.1:",
            await pipe.UntilAsync("}}\"\"\"\n"));
        await pipe.SendAsync("\u0004\n");
        await pipe.UntilAsync("\"\"\"\u0004\"\"\"");
        // What is broken, for another device, a reply that nobody asked for: no answer, and the next call has its own.
        await pipe.SendAsync(
            "{\"id\":1,\"method\":\"OTA.Status\"}00000000\n" + "{\"id\":1,\"dst\":\"other\",\"method\":\"RPC.Ping\"}\n"
            + "{\"id\":1,\"result\":5}\n{\"id\":[1],\"method\":\"RPC.Ping\"}\n{\"id\":true,\"method\":\"RPC.Ping\"}\n"
            + "{\"method\":\"RPC.Ping\"}\n{\u00ff\n" + new string('x', 100_000) + "\n" + "{\"id\":\"last\",\"method\":\"No.Such\"}\n");
        Assert.EndsWith(
            "\n\"\"\"{\"id\":\"last\",\"src\":\"dev1\",\"error\":{\"code\":404,\"message\":\"No handler for No.Such\"}}\"\"\"\n",
            await pipe.UntilAsync("}}\"\"\"\n"));
        await pipe.SendAsync("{\"id\":1,\"method\":\"OTA.Status\"}e5a6aa51\n");
        Assert.Matches("}[0-9a-f]{8}\"\"\"\n$", await pipe.UntilAsync("\"\"\"\n"));
    }

    [Fact]
    public async Task Stream_TakesOtherCallsDuringALongUpdate_AndClosesTheCallerThatIsSilentForLongest()
    {
        var port = DeviceUnderTest.FreePort();
        await using var device = await DeviceUnderTest.StartAsync(
            $"rpc.tcp.listen_addr=tcp://127.0.0.1:{port}", "rpc.max_non_persistent_channels=3");
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var pipe = await ConnectAsync(device, port);
        await pipe.SendAsync(
            "{\"id\":1,\"method\":\"OTA.Update\",\"params\":{\"url\":\"http://" + silent.LocalEndpoint + "/\"}}\n" + "{\"id\":2,\"method\":\"RPC.Ping\"}\n");
        await pipe.UntilAsync("{\"id\":2,");
        await using var second = await AnsweredAsync(device, port);
        await using var third = await AnsweredAsync(device, port);
        await pipe.SendAsync("{\"id\":3,\"method\":\"RPC.Ping\"}\n");
        await pipe.UntilAsync("{\"id\":3,");
        await using var fourth = await AnsweredAsync(device, port);

        Assert.True(await second.IsClosedAsync());
        await pipe.SendAsync("{\"id\":4,\"method\":\"RPC.Ping\"}\n");
        await pipe.UntilAsync("{\"id\":4,");
    }

    [Fact]
    public async Task Stream_OnWhichNothingHappens_IsClosed_AndOneWhoseCallRunsIsNot()
    {
        var port = DeviceUnderTest.FreePort();
        await using var device = await DeviceUnderTest.StartAsync($"rpc.tcp.listen_addr=tcp://127.0.0.1:{port}", "rpc.idle_close_timeout=1");
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var busy = await ConnectAsync(device, port);
        await busy.SendAsync("{\"id\":1,\"method\":\"OTA.Update\",\"params\":{\"url\":\"http://" + silent.LocalEndpoint + "/\"}}\n");
        using var download = await silent.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromMinutes(1));
        await using var idle = await ConnectAsync(device, port);

        Assert.True(await idle.IsClosedAsync());
        download.Dispose();
        silent.Stop();
        await busy.UntilAsync("{\"id\":1,");
    }

    [Fact]
    public async Task Datagram_IsAnsweredToItsSender_AndACallThatComesTwiceIsPerformedOnce()
    {
        var port = DeviceUnderTest.FreePort();
        await using var device = await DeviceUnderTest.StartAsync("device.id=dev1", $"rpc.udp.listen_addr=udp://127.0.0.1:{port}");
        using var caller = new UdpClient();
        caller.Connect("127.0.0.1", port);
        Assert.StartsWith(
            "{\"id\":1662941514412,\"src\":\"dev1\",\"dst\":\"mos\",\"result\":{\"channel_info\":\"127.0.0.1:", await AskAsync(caller, Ping));

        var append = """{"id":7,"method":"FS.Put","params":{"filename":"twice.txt","data":"eA==","append":true}}""";
        Assert.Equal("""{"id":7,"src":"dev1","result":null}""", await AskAsync(caller, append));
        Assert.Equal("""{"id":7,"src":"dev1","result":null}""", await AskAsync(caller, append));
        Assert.Equal("x", await File.ReadAllTextAsync(device.PathOf("slots/0/fs/twice.txt")));
        // What is no call gets no answer, and does not end the channel.
        foreach (var noise in (string[])["", "{", "\0\0\0", """{"id":1,"dst":"other","method":"RPC.Ping"}""", """{"id":1,"result":1}"""])
        {
            await caller.SendAsync(Encoding.UTF8.GetBytes(noise));
        }
        Assert.StartsWith("{\"id\":8,", await AskAsync(caller, """{"id":8,"method":"RPC.Ping"}"""));
    }

    [Fact]
    public async Task WebSocket_EchoesTheSubProtocol_AndTakesTheStandardClientsOrigin()
    {
        await using var device = await DeviceUnderTest.StartAsync("device.id=dev1");
        using var socket = await DialAsync(device, options =>
        {
            options.AddSubProtocol("clubby.cesanta.com");
            options.SetRequestHeader("Origin", "https://api.cesanta.com/");
        });
        Assert.Equal("clubby.cesanta.com", socket.SubProtocol);
        Assert.StartsWith(
            "{\"id\":1662941514412,\"src\":\"dev1\",\"dst\":\"mos\",\"result\":{\"channel_info\":\"127.0.0.1:", await AskAsync(socket, Ping + "\n"));
        Assert.Contains("\"code\":404", await AskAsync(socket, """{"id":2,"method":"no"}"""), StringComparison.Ordinal);
        // Noise has no answer; binary messages count as well.
        await socket.SendAsync("{"u8.ToArray(), WebSocketMessageType.Text, true, default);
        await socket.SendAsync("""{"id":3,"method":"RPC.Ping"}"""u8.ToArray(), WebSocketMessageType.Binary, true, default);
        Assert.StartsWith("{\"id\":3,", await ReceiveAsync(socket));
        await socket.SendAsync(new byte[70_000], WebSocketMessageType.Text, true, default);
        Assert.Equal("", await ReceiveAsync(socket));
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, socket.CloseStatus);
    }

    [Fact]
    public async Task WebSocket_OfAForeignPage_IsRefused_AndSoIsAnyWhenSwitchedOff()
    {
        await using var device = await DeviceUnderTest.StartAsync("rpc.ws.enable=false");
        await Assert.ThrowsAsync<WebSocketException>(() => DialAsync(device, options => options.SetRequestHeader("Origin", "https://api.cesanta.com")));
        var fault = await Assert.ThrowsAsync<WebSocketException>(() => DialAsync(device, _ => { }));
        Assert.Contains("503", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DialledServer_CallsTheDevice_AlsoAfterItWasAway()
    {
        var port = DeviceUnderTest.FreePort();
        await using var device = await DeviceUnderTest.StartAsync(
            "device.id=dev1", $"rpc.ws.server_address=ws://127.0.0.1:{port}/devices", "rpc.ws.reconnect_interval_max=1");
        for (var time = 1; time <= 2; time++)
        {
            using var server = new HttpListener { Prefixes = { $"http://127.0.0.1:{port}/" } };
            server.Start();
            var asked = await server.GetContextAsync().WaitAsync(TimeSpan.FromMinutes(1));
            Assert.Equal("/devices", asked.Request.RawUrl);
            Assert.Equal("https://mongoose-os.com", asked.Request.Headers["Origin"]);
            Assert.StartsWith("dev1 ", asked.Request.Headers["X-MGOS-Device-ID"]);
            using var socket = (await asked.AcceptWebSocketAsync("json-rpc")).WebSocket;
            Assert.Contains("\"fw_version\":\"1.0.0\"", await AskAsync(socket, $$"""{"id":{{time}},"src":"cloud","method":"Sys.GetInfo"}"""), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task SerialLine_CarriesCallsAndAnUpdate()
    {
        using var cable = new PseudoTerminal();
        await using var device = await DeviceUnderTest.StartAsync($"rpc.uart.device={cable.DeviceEnd}");
        var port = $"serial://{cable.CallerEnd}?pause_ms=0&piece=0";
        var ping = await CommandRun.MeerkatAsync("call", "RPC.Ping", "--port", port);
        Assert.True(ping.ExitCode == 0, ping.Error);
        Assert.Contains(cable.DeviceEnd, ping.Output, StringComparison.Ordinal);
        var bundle = Path.Combine(device.Folder, "fw.zip");
        await File.WriteAllBytesAsync(bundle, TestFirmware.Good("1.1.0").Bundle());
        var update = await CommandRun.MeerkatAsync("update", bundle, "--commit", "--chunk-size", "512", "--port", port);
        Assert.True(update.ExitCode == 0, update.Error);
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Fact]
    public async Task LocalSocket_IsForTheDevicesOwnUser_AndAFolderIsItsAddress()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await Eventually.HoldsAsync("the socket is there", () => File.Exists(device.PathOf("run/agent.sock")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(device.PathOf("run/agent.sock")));
        var status = await CommandRun.MeerkatAsync("status", "--port", device.Root);
        Assert.True(status.ExitCode == 0, status.Error);
        Assert.Contains("1.0.0", status.Output, StringComparison.Ordinal);
    }

    /// <summary>The device's channel opens while its HTTP server does.</summary>
    private static async Task<RpcPipe> ConnectAsync(DeviceUnderTest device, int port)
    {
        RpcPipe? pipe = null;
        await Eventually.HoldsAsync($"the device listens on port {port}\n{device.Log}", async () =>
        {
            try
            {
                pipe = await RpcPipe.ConnectAsync(port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        });
        return pipe!;
    }

    /// <summary>A connection that the device has taken and answered on.</summary>
    private static async Task<RpcPipe> AnsweredAsync(DeviceUnderTest device, int port)
    {
        var pipe = await ConnectAsync(device, port);
        await pipe.SendAsync("{\"id\":0,\"method\":\"RPC.Ping\"}\n");
        await pipe.UntilAsync("{\"id\":0,");
        return pipe;
    }

    private static async Task<ClientWebSocket> DialAsync(DeviceUnderTest device, Action<ClientWebSocketOptions> configure)
    {
        var socket = new ClientWebSocket();
        configure(socket.Options);
        await socket.ConnectAsync(new Uri($"ws://{device.Address}/rpc"), default);
        return socket;
    }

    private static async Task<string> AskAsync(UdpClient caller, string frame)
    {
        // A datagram may get lost before the device listens.
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var answer = caller.ReceiveAsync(deadline.Token).AsTask();
        while (true)
        {
            try
            {
                await caller.SendAsync(Encoding.UTF8.GetBytes(frame));
                return Encoding.UTF8.GetString((await answer.WaitAsync(TimeSpan.FromMilliseconds(1500))).Buffer);
            }
            catch (TimeoutException)
            {
            }
            catch (SocketException)
            {
                answer = caller.ReceiveAsync(deadline.Token).AsTask();
            }
        }
    }

    private static async Task<string> AskAsync(WebSocket socket, string frame)
    {
        await socket.SendAsync(Encoding.UTF8.GetBytes(frame), WebSocketMessageType.Text, true, default);
        return await ReceiveAsync(socket);
    }

    private static async Task<string> ReceiveAsync(WebSocket socket)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var block = new byte[65536];
        var received = await socket.ReceiveAsync(block, deadline.Token);
        return Encoding.UTF8.GetString(block, 0, received.Count);
    }
}
