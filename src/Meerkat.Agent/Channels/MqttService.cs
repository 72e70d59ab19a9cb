using Meerkat.Device;
using Meerkat.Device.Mqtt;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent;

/// <summary>Keeps the connection to the broker as long as the application runs.</summary>
internal sealed class MqttService(DeviceAgent agent) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => new DeviceMqtt(agent, new Random()).RunAsync(stoppingToken);
}
