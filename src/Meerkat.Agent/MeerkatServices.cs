using Meerkat.Device;
using Microsoft.Extensions.DependencyInjection;

namespace Meerkat.Agent;

/// <summary>The device as a service of an application.</summary>
internal static class MeerkatServices
{
    /// <summary>Adds a device; the application ends it.</summary>
    public static IServiceCollection AddDevice(this IServiceCollection services, DeviceAgent agent)
    {
        // Made by a factory, so that the container disposes of it.
        services.AddSingleton(_ => agent);
        services.AddHostedService<PollingService>();
        services.AddHostedService<MqttService>();
        return services;
    }
}
