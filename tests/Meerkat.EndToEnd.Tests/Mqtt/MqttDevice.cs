using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;
using Meerkat.Rpc;
using Meerkat.Rpc.Client;
using Meerkat.Rpc.Mqtt;

namespace Meerkat.EndToEnd.Tests.Mqtt;

/// <summary>A device that talks to a broker, and callers that reach it through that.</summary>
internal static class MqttDevice
{
    public const string Id = "dev1";

    public static string[] Settings(Mosquitto broker, params string[] settings) =>
        ["device.id=" + Id, "mqtt.enable=true", "mqtt.server=" + broker.Address, "mqtt.reconnect_timeout_min=1", "mqtt.reconnect_timeout_max=2", .. settings];

    /// <summary>Made and started, and connected to the broker.</summary>
    public static async Task<DeviceUnderTest> StartAsync(Mosquitto broker, params string[] settings)
    {
        var device = await DeviceUnderTest.StartAsync(Settings(broker, settings));
        try
        {
            await ConnectedAsync(device, broker, 1);
            return device;
        }
        catch
        {
            await device.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the device has connected so many times.</summary>
    public static Task ConnectedAsync(DeviceUnderTest device, Mosquitto broker, int times) => Eventually.HoldsAsync(
        $"connected {times} times\n{device.Log}\n{broker.Log}", () => device.Log.Split("mqtt: connected to").Length > times);

    public static RpcClient Client(Mosquitto broker, string device = Id, TlsOptions? tls = null, string user = "") => new(
        new ConnectionTransport(MqttTransport.Plan(
            new Uri($"mqtt{(tls is null ? "" : "s")}://{user}{broker.Address}/{device}"), tls, new Random(1), TimeProvider.System)),
        new Random(2),
        TimeProvider.System);

    public static Task<JsonNode?> CallAsync(this RpcClient client, string method, string arguments = "{}") =>
        client.CallAsync(method, JsonNode.Parse(arguments), TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
}
