using Meerkat.Device;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent;

/// <summary>Keeps to the firmware's health contract as long as its trial lasts.</summary>
internal sealed class HealthContractService(DeviceAgent agent) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => agent.Health.RunAsync(stoppingToken);
}
