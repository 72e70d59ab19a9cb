using Meerkat.Agent.Channels;
using Meerkat.Device;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent;

/// <summary>The device as a service of an application.</summary>
internal static class MeerkatServices
{
    /// <summary>Adds a device; the application ends it.</summary>
    public static IServiceCollection AddDevice(this IServiceCollection services, DeviceAgent agent)
    {
        // Made by a factory, so that the container disposes of it.
        services.AddSingleton(_ => agent);
        services.AddSingleton(provider => new HttpAccess(agent, provider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
        services.AddHostedService<PollingService>();
        services.AddSingleton<ChannelTable>();
        services.AddHostedService<DialedWebSocket>();
        services.AddHostedService<TcpChannel>();
        services.AddHostedService<UnixChannel>();
        services.AddHostedService<UdpChannel>();
        services.AddHostedService<SerialChannel>();
        services.AddHostedService<HealthContractService>();
        services.AddHostedService<MqttService>();
        return services;
    }
}
