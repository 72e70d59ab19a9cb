using Meerkat.Device;
using Meerkat.Device.Downloads;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent;

/// <summary>Looks for updates as long as the application runs.</summary>
internal sealed class PollingService(DeviceAgent agent) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        new UpdatePolling(agent.Config, agent.Pulls, new Random(), agent.Time, agent.Log).RunAsync(stoppingToken);
}
