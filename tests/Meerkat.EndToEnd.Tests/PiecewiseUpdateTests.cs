using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.EndToEnd.Tests.Harness;
using Meerkat.Rpc;
using Meerkat.Rpc.Client;

namespace Meerkat.EndToEnd.Tests;

/// <summary><c>OTA.Begin</c>, <c>OTA.Write</c> and <c>OTA.End</c> over channels other than HTTP.</summary>
public sealed class PiecewiseUpdateTests
{
    private const int LargeBytes = 8 << 20;

    [Theory]
    [InlineData("ws")]
    [InlineData("tcp")]
    public async Task EightMebibytes_AreInstalledByteForByte(string scheme)
    {
        var port = DeviceUnderTest.FreePort();
        await using var device = await DeviceUnderTest.StartAsync($"rpc.tcp.listen_addr=tcp://127.0.0.1:{port}");
        var firmware = new TestFirmware("1.1.0", "exec sleep 100000\n#" + new string('x', LargeBytes));
        var bundle = Path.Combine(device.Folder, "fw.zip");
        await File.WriteAllBytesAsync(bundle, firmware.Bundle());
        var update = await CommandRun.MeerkatAsync(
            "update", bundle, "--commit", "--port", scheme == "ws" ? $"ws://{device.Address}" : $"tcp://127.0.0.1:{port}");
        Assert.True(update.ExitCode == 0, update.Error);
        await device.RunsAsync("1.1.0", trial: false);
        Assert.True((await File.ReadAllBytesAsync(device.PathOf("slots/1/image"))).AsSpan().SequenceEqual(firmware.Image));
    }

    /// <summary>Every piece of 512 bytes comes twice, every third answer is lost and its call made again, as <c>mos</c> does.</summary>
    [Theory]
    [InlineData("ws")]
    [InlineData("udp")]
    public async Task DuplicatesAndLostAnswers_DoNotHarmAnUpdate(string scheme)
    {
        var port = DeviceUnderTest.FreePort();
        await using var device = await DeviceUnderTest.StartAsync($"rpc.udp.listen_addr=udp://127.0.0.1:{port}");
        var firmware = new TestFirmware("1.1.0", "exec sleep 100000\n#" + new string('x', 300_000));
        var bundle = firmware.Bundle();
        await using var transport = RpcTransports.Open(
            new Uri(scheme == "ws" ? $"ws://{device.Address}/rpc" : $"udp://127.0.0.1:{port}"), ClientAccess.None, TimeProvider.System);
        await using var client = new RpcClient(new ForgetfulTransport(transport), new Random(1), TimeProvider.System);

        await client.CallAsync("OTA.Begin", new JsonObject { ["timeout"] = 600, ["commit_timeout"] = 300, ["size"] = bundle.Length }, RpcClient.DefaultTimeout);
        for (var offset = 0; offset < bundle.Length; offset += 512)
        {
            var data = Convert.ToBase64String(bundle.AsSpan(offset, Math.Min(512, bundle.Length - offset)));
            for (var time = 0; time < 2; time++)
            {
                await RepeatedAsync(() => client.CallAsync(
                    "OTA.Write", new JsonObject { ["offset"] = offset, ["data"] = data }, RpcClient.DefaultTimeout));
            }
        }
        await client.CallAsync("OTA.End", null, RpcClient.DefaultTimeout);

        await device.RunsAsync("1.1.0", trial: true);
        Assert.True((await File.ReadAllBytesAsync(device.PathOf("slots/1/image"))).AsSpan().SequenceEqual(firmware.Image));
    }

    [Fact]
    public async Task PostThatIsSwitchedOff_IsReplacedByPieces()
    {
        await using var device = await DeviceUnderTest.StartAsync("update.enable_post=false");
        var bundle = Path.Combine(device.Folder, "fw.zip");
        await File.WriteAllBytesAsync(bundle, TestFirmware.Good("1.1.0").Bundle());
        var update = await CommandRun.MeerkatAsync("update", bundle, "--commit", "--port", device.Url);
        Assert.True(update.ExitCode == 0, update.Error);
        await device.RunsAsync("1.1.0", trial: false);
    }

    private static async Task RepeatedAsync(Func<Task> call)
    {
        for (var left = 3; ; left--)
        {
            try
            {
                await call();
                return;
            }
            catch (RpcTransportException) when (left > 1)
            {
            }
        }
    }

    /// <summary>Loses the answer to every third write, after the device has performed it.</summary>
    private sealed class ForgetfulTransport(IRpcTransport inner) : IRpcTransport
    {
        private int calls;

        public string Address => inner.Address;

        public string Source => inner.Source;

        public string? Destination => inner.Destination;

        public async Task<RpcResponse> ExchangeAsync(RpcRequest request, CancellationToken cancellationToken)
        {
            var answer = await inner.ExchangeAsync(request, cancellationToken);
            return request.Method == "OTA.Write" && ++calls % 3 == 0
                ? throw new RpcTransportException("the answer was lost") { TimedOut = true }
                : answer;
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
