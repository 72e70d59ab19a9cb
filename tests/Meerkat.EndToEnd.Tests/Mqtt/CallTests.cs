using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.EndToEnd.Tests.Harness;
using Meerkat.Rpc;

namespace Meerkat.EndToEnd.Tests.Mqtt;

/// <summary>Calls through a broker of the distribution (specification 7.4).</summary>
public sealed class CallTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task OwnClient_GetsAnswers(int version)
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker, $"mqtt.version={version}");
        await using var client = MqttDevice.Client(broker);
        Assert.Equal("1.0.0", (string?)(await client.CallAsync("OTA.Status"))!["version"]);
        Assert.Equal(MqttDevice.Id, (string?)(await client.CallAsync("Sys.GetInfo"))!["id"]);
        var refused = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("No.Such"));
        Assert.Equal(404, refused.Error.Code);
        Assert.Contains($"New client connected from 127.0.0.1", broker.Log, StringComparison.Ordinal);
        // mosquitto names the protocol of MQTT 3.1.1 p2 and that of MQTT 5 p5.
        Assert.Contains($"as {MqttDevice.Id} (p{(version == 4 ? 2 : 5)}, c1, k60)", broker.Log, StringComparison.Ordinal);
    }

    /// <summary>The bytes of the standard client, sent by another.</summary>
    [Fact]
    public async Task StandardClientsRequest_IsAnsweredOnItsSource()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker);
        await using var answers = await Subscriber.StartAsync(broker, "dev1/rpc-resp/mos-320222818/rpc");
        await broker.PublishAsync("dev1/rpc", """{"src":"dev1/rpc-resp/mos-320222818","dst":"dev1","id":1693580293162,"method":"RPC.List"}""");
        var line = await answers.GetsAsync("1693580293162");
        Assert.StartsWith(
            """dev1/rpc-resp/mos-320222818/rpc 0 {"id":1693580293162,"src":"dev1","dst":"dev1/rpc-resp/mos-320222818","result":[""", line, StringComparison.Ordinal);
    }

    /// <summary>The tool's own client, by its option for addresses.</summary>
    [Fact]
    public async Task Tool_CallsThroughTheBroker_AndFindsThatTheDeviceConforms()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker);
        var address = $"mqtt://{broker.Address}/{MqttDevice.Id}";
        var call = await CommandRun.MeerkatAsync("call", "Config.Get", """{"key":"device.id"}""", "--port", address);
        Assert.Equal((0, "\"dev1\"\n"), (call.ExitCode, call.Output));
        var run = await CommandRun.MeerkatAsync("conformance", "--json", "--port", address);
        Assert.True(run.ExitCode == 0, run.Error + run.Output);
    }

    [Fact]
    public async Task MethodInTopic_IsCalledWithTheFramesArguments()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker);
        await using var answers = await Subscriber.StartAsync(broker, "me/rpc");
        await broker.PublishAsync("dev1/rpc/Config.Get", """{"id":1,"src":"me","params":{"key":"device.id"}}""");
        await answers.GetsAsync("""{"id":1,"src":"dev1","dst":"me","result":"dev1"}""");
        await broker.PublishAsync("dev1/rpc/Config.Get", """{"id":2,"src":"me","method":"RPC.List","args":{"key":"device.id"}}""");
        await answers.GetsAsync("""{"id":2,"src":"dev1","dst":"me","result":"dev1"}""");
        await broker.PublishAsync("dev1/rpc/a/b", """{"id":3,"src":"me"}""");
        await answers.GetsAsync("No handler for a/b");
    }

    [Fact]
    public async Task NoTopicsBelow_WhenSwitchedOff()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker, "rpc.mqtt.sub_wc=false");
        await using var answers = await Subscriber.StartAsync(broker, "me/rpc");
        await broker.PublishAsync("dev1/rpc/RPC.Ping", """{"id":1,"src":"me"}""");
        await broker.PublishAsync("dev1/rpc", """{"id":2,"src":"me","method":"RPC.Ping"}""");
        await answers.GetsAsync("\"id\":2");
        Assert.Single(answers.Lines);
        Assert.DoesNotContain("dev1/rpc/#", broker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OwnTopics_AreUsed()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker, "rpc.mqtt.sub_topic=plant/%.*s/in", "rpc.mqtt.pub_topic=plant/answers");
        await using var answers = await Subscriber.StartAsync(broker, "plant/answers");
        await broker.PublishAsync("plant/dev1/in", """{"id":1,"src":"a","method":"RPC.Ping"}""");
        await broker.PublishAsync("plant/dev1/in/RPC.Ping", """{"id":2,"src":"b"}""");
        await answers.GetsAsync("""{"id":1,"src":"dev1","dst":"a",""");
        await answers.GetsAsync("""{"id":2,"src":"dev1","dst":"b",""");
    }

    /// <summary>None of these is answered, none does anything, and none keeps the device from answering the next.</summary>
    [Fact]
    public async Task BadMessages_AreDropped()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker);
        await using var all = await Subscriber.StartAsync(broker, "#");
        string[] bad =
        [
            """{"id":10,"method":"RPC.Ping"}""",
            """{"id":11,"src":"","method":"RPC.Ping"}""",
            """{"id":12,"src":"me","dst":"dev2","method":"RPC.Ping"}""",
            """{"id":13,"src":"me","result":{"version":"9"}}""",
            """{"id":14,"src":"me","error":{"code":1}}""",
            "", "null", "[]", "{", "not JSON", """{"id":{},"src":"me","method":"RPC.Ping"}""",
            """{"id":15,"src":"me","src":"you","method":"RPC.Ping"}""",
            """{"id":16,"src":"a/#","method":"RPC.Ping"}""",
            """{"id":17,"src":"+","method":"RPC.Ping"}""",
            """{"id":18,"src":"a\u0000b","method":"RPC.Ping"}""",
            """{"id":19,"src":"a\u0007b","method":"RPC.Ping"}""",
            """{"id":20,"src":"\ud800","method":"RPC.Ping"}""",
            """{"id":21,"src":"$SYS/broker","method":"RPC.Ping"}""",
            $$"""{"id":22,"src":"{{new string('/', 250)}}","method":"RPC.Ping"}""",
            $$"""{"id":23,"src":"{{new string('a', 40000)}}","method":"RPC.Ping"}""",
            $$"""{"id":24,"src":"me","method":"RPC.Ping","params":"{{new string('a', 100000)}}"}""",
        ];
        foreach (var payload in bad)
        {
            await broker.PublishAsync("dev1/rpc", payload);
        }
        await broker.PublishAsync("dev1/rpc/RPC.Ping", """{"id":30,"result":5}""");
        await broker.PublishAsync("dev1/rpc/RPC.Ping", """{"id":31,"src":"me","dst":"dev2"}""");
        await broker.PublishAsync("dev1/rpc", """{"id":99,"src":"me","method":"RPC.Ping"}""");
        var answer = await all.GetsAsync("\"id\":99,\"src\":\"dev1\"");
        Assert.StartsWith("me/rpc ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(all.Lines, line => !line.StartsWith("dev1/", StringComparison.Ordinal) && line != answer);
        await MqttDevice.ConnectedAsync(device, broker, 1);
        Assert.Equal(2, device.Log.Split("mqtt: connected to").Length);
        Assert.Contains("mqtt: dropped a message on dev1/rpc: RPC.Ping has no src", device.Log, StringComparison.Ordinal);
    }

    /// <summary>A call that is kept by the broker would be performed again at every connection.</summary>
    [Fact]
    public async Task RetainedCall_IsDropped()
    {
        await using var broker = await Mosquitto.StartAsync();
        await broker.PublishAsync("dev1/rpc", """{"src":"me","id":1,"method":"Config.Set","params":{"config":{"debug":{"level":4}}}}""", "-r");
        await using var device = await MqttDevice.StartAsync(broker);
        await Eventually.HoldsAsync(device.Log, () => device.Log.Contains("it is retained", StringComparison.Ordinal));
        await using var client = MqttDevice.Client(broker);
        Assert.Equal(2, (int)(await client.CallAsync("Config.Get", """{"key":"debug.level"}"""))!);
    }

    [Fact]
    public async Task Notification_IsPerformedAndNotAnswered()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker);
        await using var answers = await Subscriber.StartAsync(broker, "+/rpc");
        await broker.PublishAsync("dev1/rpc", """{"method":"Config.Set","params":{"config":{"debug":{"level":3}}}}""");
        await using var client = MqttDevice.Client(broker);
        await Eventually.HoldsAsync("it was performed", async () => (int)(await client.CallAsync("Config.Get", """{"key":"debug.level"}"""))! == 3);
        Assert.DoesNotContain(answers.Lines, line => !line.StartsWith("dev1/rpc ", StringComparison.Ordinal));
    }

    /// <summary>The same message twice, as a broker may deliver it: two answers, one change.</summary>
    [Fact]
    public async Task Duplicate_IsPerformedOnce()
    {
        await using var broker = await Mosquitto.StartAsync("allow_anonymous true", "allow_duplicate_messages true");
        await using var device = await MqttDevice.StartAsync(broker);
        await using var answers = await Subscriber.StartAsync(broker, "me/rpc");
        const string Append = """{"id":5,"src":"me","method":"FS.Put","params":{"filename":"twice.txt","data":"eA==","append":true}}""";
        // Two subscriptions match: the broker itself delivers it twice.
        await broker.PublishAsync("dev1/rpc", Append);
        await broker.PublishAsync("dev1/rpc", Append);
        await Eventually.HoldsAsync("every delivery is answered", () => answers.Lines.Count(line => line.Contains("\"id\":5", StringComparison.Ordinal)) >= 2);
        await using var client = MqttDevice.Client(broker);
        Assert.Equal("eA==", (string?)(await client.CallAsync("FS.Get", """{"filename":"twice.txt"}"""))!["data"]);
    }

    [Fact]
    public async Task SilentDevice_IsToldFromABrokerThatIsNotThere()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var nobody = MqttDevice.Client(broker, "dev9");
        var silent = await Assert.ThrowsAsync<RpcTransportException>(() => nobody.CallAsync("RPC.List"));
        Assert.Contains("dev9 is not connected to the broker", silent.Message, StringComparison.Ordinal);
        await broker.StopAsync();
        await using var client = MqttDevice.Client(broker);
        var gone = await Assert.ThrowsAsync<RpcTransportException>(
            () => client.CallAsync("RPC.List", null, TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken));
        Assert.Contains($"cannot reach the broker at mqtt://{broker.Address}: connection refused", gone.Message, StringComparison.Ordinal);
        Assert.True(gone.NotReached);
    }

    /// <summary>What is too much is left out, and neither the connection nor the memory gives way.</summary>
    [Fact]
    public async Task Flood_IsBorneInBoundedMemory()
    {
        await using var broker = await Mosquitto.StartAsync("allow_anonymous true", "max_queued_messages 100000", "set_tcp_nodelay true");
        await using var device = await MqttDevice.StartAsync(broker);
        var before = MemoryKilobytes(device.Agent, "VmRSS");
        var file = Path.Combine(device.Folder, "flood");
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, 1000).Select(number => $$$"""{"id":{{{number}}},"src":"me","method":"FS.List","params":{"path":"{{{new string('x', 200)}}}"}}"""));
        var long8 = Path.Combine(device.Folder, "long");
        await File.WriteAllBytesAsync(long8, new byte[8 << 20]);
        string[] words = ["-h", "127.0.0.1", "-p", $"{broker.Port}", "-t", "dev1/rpc"];
        await Task.WhenAll(
            CommandRun.RunAsync("sh", "-c", $"mosquitto_pub {string.Join(' ', words)} -q 1 -l <{file}"),
            CommandRun.RunAsync("mosquitto_pub", [.. words, "-q", "1", "-f", long8]),
            CommandRun.RunAsync("mosquitto_pub", [.. words, "-q", "0", "-f", long8]));
        await using var client = MqttDevice.Client(broker);
        // A call in the middle of the flood may be left out with the rest of it; the device answers again as soon as it can.
        await Eventually.HoldsAsync($"the device answers\n{device.Log}", async () =>
        {
            try
            {
                return (string?)(await client.CallAsync("OTA.Status", null, TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken))!["version"] == "1.0.0";
            }
            catch (RpcTransportException silence) when (silence.TimedOut)
            {
                return false;
            }
        });
        Assert.Contains("it has 83", device.Log, StringComparison.Ordinal);
        var grown = MemoryKilobytes(device.Agent, "VmHWM") - before;
        Assert.True(grown < 48 << 10, $"the agent has grown by {grown} KiB");
        Assert.Equal(2, device.Log.Split("mqtt: connected to").Length);
    }

    private static long MemoryKilobytes(int process, string what) => long.Parse(
        File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(what, StringComparison.Ordinal)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1],
        System.Globalization.CultureInfo.InvariantCulture);
}
