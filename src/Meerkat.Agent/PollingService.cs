using Meerkat.Device;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent;

/// <summary>Looks for updates as long as the application runs.</summary>
internal sealed class PollingService(DeviceAgent agent) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        agent.Polling.RunAsync(stoppingToken);
}
