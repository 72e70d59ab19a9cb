using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;
using Meerkat.Rpc;
using Meerkat.Rpc.Client;
using Meerkat.Rpc.Mqtt;

namespace Meerkat.EndToEnd.Tests.Mqtt;

/// <summary>A bundle in pieces through a broker that delivers every message twice, to a sender that misses some of the answers.</summary>
public sealed class UpdateTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(8 << 20, 32768, 50)]
    [InlineData(8 << 20, 512, 3000)]
    [InlineData(256 << 10, 512, 100)]
    public async Task Bundle_ArrivesWhole(int bytes, int pieceBytes, int everyLost)
    {
        await using var broker = await Mosquitto.StartAsync("allow_anonymous true", "allow_duplicate_messages true", "set_tcp_nodelay true");
        await using var device = await MqttDevice.StartAsync(broker);
        var firmware = TestFirmware.Good("2.0.0");
        var ballast = new byte[bytes / 4 * 3];
        new Random(bytes).NextBytes(ballast);
        firmware.Files["ballast.txt"] = Convert.ToBase64String(ballast);
        var bundle = firmware.Bundle();
        var lost = 0;
        var plan = MqttTransport.Plan(new Uri($"mqtt://{broker.Address}/{MqttDevice.Id}"), null, new Random(1), TimeProvider.System);
        var lossy = plan with
        {
            Connect = async cancellationToken => new LossyConnection(await plan.Connect(cancellationToken), number =>
            {
                var isLost = number > 2 && number % everyLost == 0;
                lost += isLost ? 1 : 0;
                return isLost;
            }),
        };
        await using var client = new RpcClient(new ConnectionTransport(lossy), new Random(2), TimeProvider.System);
        Assert.Equal(0, (int)(await client.CallAsync("OTA.Status"))!["state"]!);
        await client.CallAsync("OTA.Begin", $$"""{"timeout":600,"commit_timeout":300,"size":{{bundle.Length}}}""");
        for (var offset = 0; offset < bundle.Length; offset += pieceBytes)
        {
            var piece = bundle.AsSpan(offset, Math.Min(pieceBytes, bundle.Length - offset));
            await WriteAsync(client, new JsonObject { ["offset"] = offset, ["data"] = Convert.ToBase64String(piece) });
        }
        await using var whole = MqttDevice.Client(broker);
        await whole.CallAsync("OTA.End");
        Assert.True(lost > 1, $"{lost} answers were lost");
        await device.RunsAsync("2.0.0", trial: true);
        Assert.Equal(firmware.Files["ballast.txt"], await File.ReadAllTextAsync(device.PathOf("slots/1/fs/ballast.txt"), TestContext.Current.CancellationToken));
        await using var later = MqttDevice.Client(broker);
        await Eventually.HoldsAsync("the new firmware's agent is at the broker", () => device.Log.Split("mqtt: connected to").Length > 2);
        await later.CallAsync("OTA.Commit");
        await device.RunsAsync("2.0.0", trial: false);
    }

    /// <summary>As the standard client: three tries with the same offset.</summary>
    private static async Task WriteAsync(RpcClient client, JsonObject piece)
    {
        for (var left = 3; ; left--)
        {
            try
            {
                await client.CallAsync("OTA.Write", piece.DeepClone(), Patience, TestContext.Current.CancellationToken);
                return;
            }
            catch (RpcTransportException fault) when (fault.TimedOut && left > 1)
            {
                // Its answer was lost.
            }
        }
    }
}
