using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>The bytes of the standard client, <c>testdata/mos</c>, against a running device; answers compared member by member.</summary>
public sealed class MosReplayTests
{
    /// <summary>A call, and what its answer must hold besides the call's id: <c>*</c> is anything.</summary>
    public static TheoryData<string, string> Frames => new()
    {
        { "rpc-list", """{"src":"dev1","dst":"mos","result":"*"}""" },
        {
            "ota-status",
            """
            {"src":"dev1","dst":"mos","result":
              {"state":0,"message":"idle","is_committed":true,"progress_percent":0,"commit_timeout":0,"partition":0}}
            """
        },
        { "config-get", """{"src":"dev1","dst":"mos","result":{"app":{"target":20,"name":"shipped"},"debug":{"level":2}}}""" },
        { "config-get-compat", """{"src":"dev1","dst":"mos","result":2}""" },
        { "config-set", """{"src":"dev1","dst":"mos","result":{"saved":true}}""" },
        { "numbers-as-typed", """{"src":"dev1","dst":"mos","result":{"saved":false}}""" },
        { "fs-list-ext", """{"src":"dev1","dst":"mos","result":"*"}""" },
    };

    [Theory]
    [MemberData(nameof(Frames))]
    public async Task Frame_IsAnsweredMemberByMember(string name, string expected)
    {
        await using var device = await DeviceUnderTest.StartAsync("device.id=dev1");
        var frame = Read($"frames/{name}.json");
        var (status, text) = await device.PostAsync("/rpc", [.. frame, (byte)'\n']);
        Assert.Equal(200, status);
        var answer = JsonNode.Parse(text)!.AsObject();
        var sent = JsonNode.Parse(frame)!["id"]!.ToJsonString();
        var wanted = JsonNode.Parse(expected)!.AsObject();
        wanted["id"] = JsonNode.Parse(sent);
        AssertHolds(wanted, answer, "");
        if (name == "numbers-as-typed")
        {
            Assert.Equal("""{"two":2.50,"long":12345678901234567890}""", await TypedAsync(device));
        }
    }

    [Fact]
    public async Task Http_IsAnsweredWithItsLength()
    {
        await using var device = await DeviceUnderTest.StartAsync("device.id=dev1");
        await using var pipe = await RpcPipe.ConnectAsync(Port(device.Address));
        await pipe.SendAsync(Read("http/rpc-list.bin"));
        var head = await pipe.UntilAsync("\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head);
        Assert.Contains("Content-Type: application/json\r\n", head, StringComparison.Ordinal);
        var length = head.Split("\r\n").Single(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal))["Content-Length: ".Length..];
        var body = await pipe.UntilAsync("}\r\n");
        Assert.Equal(int.Parse(length, CultureInfo.InvariantCulture), body.Length);
        Assert.StartsWith("""{"id":1662941514412,"src":"dev1","dst":"mos","result":[""", body);
    }

    [Fact]
    public async Task WebSocket_IsOpenedAndAnswered()
    {
        await using var device = await DeviceUnderTest.StartAsync("device.id=dev1");
        await using var pipe = await RpcPipe.ConnectAsync(Port(device.Address));
        await pipe.SendAsync(Read("ws/upgrade.bin"));
        var head = await pipe.UntilAsync("\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 101 ", head);
        // The answer to the key of RFC 6455, section 1.3.
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Sec-WebSocket-Protocol: clubby.cesanta.com\r\n", head, StringComparison.OrdinalIgnoreCase);
        await pipe.SendAsync(Read("ws/rpc-list.bin"));
        var answer = await pipe.UntilAsync("]}");
        Assert.Equal('\u0081', answer[0]);
        Assert.Contains("\"src\":\"dev1\",\"dst\":\"mos\",\"result\":[", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tcp/rpc-list.bin", "\"\"\"\n", "]}\"\"\"\n")]
    [InlineData("serial/rpc-list.bin", "\"\"\"\n", "\"\"\"\n")]
    public async Task Stream_IsAnsweredInKind(string file, string ending, string last)
    {
        var port = DeviceUnderTest.FreePort();
        await using var device = await DeviceUnderTest.StartAsync("device.id=dev1", $"rpc.tcp.listen_addr=tcp://127.0.0.1:{port}");
        RpcPipe? pipe = null;
        await Eventually.HoldsAsync("the device listens", async () =>
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
        await using var open = pipe!;
        await open.SendAsync(Read(file));
        var before = await open.UntilAsync("\"\"\"{\"id\":1411150543816,\"src\":\"dev1\",\"dst\":\"mos\",\"result\":[");
        var answer = await open.UntilAsync(ending);
        Assert.EndsWith(last, answer);
        if (file.StartsWith("serial", StringComparison.Ordinal))
        {
            Assert.Contains("\"\"\"\u0004\"\"\"", before, StringComparison.Ordinal);
            Assert.Matches("]}[0-9a-f]{8}\"\"\"\n$", answer);
        }
    }

    [Fact]
    public async Task Datagram_IsAnsweredWithOne()
    {
        var port = DeviceUnderTest.FreePort();
        await using var device = await DeviceUnderTest.StartAsync("device.id=dev1", $"rpc.udp.listen_addr=udp://127.0.0.1:{port}");
        await Eventually.HoldsAsync("the device listens", () => device.Log.Contains("calls by UDP: answering", StringComparison.Ordinal));
        using var caller = new UdpClient();
        caller.Connect("127.0.0.1", port);
        await caller.SendAsync(Read("udp/rpc-list.bin"));
        var answer = Encoding.UTF8.GetString((await caller.ReceiveAsync().WaitAsync(TimeSpan.FromMinutes(1))).Buffer);
        Assert.StartsWith("""{"id":1411150543816,"src":"dev1","dst":"mos","result":[""", answer);
        Assert.EndsWith("]}", answer);
    }

    [Fact]
    public async Task Update_OfTheStandardClient_StartsATrialOf300Seconds()
    {
        await using var device = await DeviceUnderTest.StartAsync("device.id=dev1");
        foreach (var file in Directory.GetFiles(Path.Combine(Folder, "ota")).Order(StringComparer.Ordinal))
        {
            var frame = await File.ReadAllBytesAsync(file);
            var (status, text) = await device.PostAsync("/rpc", [.. frame, (byte)'\n']);
            Assert.Equal(200, status);
            var answer = JsonNode.Parse(text)!;
            Assert.Equal(JsonNode.Parse(frame)!["id"]!.ToJsonString(), answer["id"]!.ToJsonString());
            Assert.True(answer.AsObject().ContainsKey("result"), $"{Path.GetFileName(file)}: {text}");
        }
        await device.RunsAsync("2.20", trial: true);
        Assert.Equal(300, (int)(await device.StatusAsync())!["commit_timeout"]!);
    }

    private static string Folder { get; } = Path.Combine(Repository.Root, "testdata/mos");

    private static byte[] Read(string file) => File.ReadAllBytes(Path.Combine(Folder, file));

    private static int Port(string address) => int.Parse(address.Split(':')[1], CultureInfo.InvariantCulture);

    private static async Task<string> TypedAsync(DeviceUnderTest device)
    {
        var (_, text) = await device.PostAsync("/rpc/Config.Get", """{"key":"app"}"""u8.ToArray());
        using var app = JsonDocument.Parse(text);
        return $$"""{"two":{{app.RootElement.GetProperty("two").GetRawText()}},"long":{{app.RootElement.GetProperty("long").GetRawText()}}}""";
    }

    /// <summary>Every member that is expected is there with its value; a device may say more.</summary>
    private static void AssertHolds(JsonNode expected, JsonNode? found, string path)
    {
        if (expected is JsonObject members)
        {
            foreach (var (key, value) in members)
            {
                AssertHolds(value!, found?[key], $"{path}.{key}");
            }
        }
        else if (expected.ToJsonString() != "\"*\"")
        {
            Assert.True(found?.ToJsonString() == expected.ToJsonString(), $"{path}: expected {expected.ToJsonString()}, found {found?.ToJsonString()}");
        }
        else
        {
            Assert.NotNull(found);
        }
    }
}
