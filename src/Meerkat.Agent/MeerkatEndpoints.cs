using Meerkat.Agent;
using Meerkat.Agent.Channels;
using Meerkat.Agent.Page;
using Meerkat.Core.Protocol;
using Meerkat.Device;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.AspNetCore.Builder;

/// <summary>The device's endpoints in an application.</summary>
public static class MeerkatEndpoints
{
    /// <summary>Behind the application's own endpoints, where both have the same path.</summary>
    private const int Behind = 1000;

    private static readonly string[] Paths = ["/update", "/update/commit", "/update/revert", "/rpc", "/rpc/{method}"];

    /// <summary>
    /// Maps <c>/update</c>, <c>/update/commit</c>, <c>/update/revert</c>, <c>/rpc</c>, <c>/rpc/METHOD</c>, <c>/metrics</c>,
    /// <c>/healthz</c> and the device's page. An endpoint of the application with the path of one of the last three counts in its place.
    /// </summary>
    /// <exception cref="InvalidOperationException"><c>builder.AddMeerkat()</c> was not called.</exception>
    public static IEndpointRouteBuilder MapMeerkat(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        if (endpoints.ServiceProvider.GetService<DeviceAgent>() is { } agent)
        {
            Map(endpoints, agent);
            if (endpoints.ServiceProvider.GetService<MeerkatOptions>() is { PagePath: { Length: > 0 } page })
            {
                MeerkatPage.Map(endpoints, page);
            }
        }
        else if (endpoints.ServiceProvider.GetService<MeerkatOptions>() is not null)
        {
            foreach (var path in Paths)
            {
                endpoints.Map(path, (RequestDelegate)(context => Answers.TextAsync(
                    context, StatusCodes.Status503ServiceUnavailable,
                    "no device: this program was not started by meerkat-boot, and Meerkat:Root is not set\r\n")));
            }
        }
        else
        {
            throw new InvalidOperationException("there is no device to map; call builder.AddMeerkat() first");
        }
        endpoints.Map("/healthz", (RequestDelegate)(context => Answers.TextAsync(context, StatusCodes.Status200OK, "ok")))
            .Add(endpoint => ((RouteEndpointBuilder)endpoint).Order = Behind);
        return endpoints;
    }

    private static void Map(IEndpointRouteBuilder endpoints, DeviceAgent agent)
    {
        var stopping = endpoints.ServiceProvider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var access = endpoints.ServiceProvider.GetRequiredService<HttpAccess>();
        var pages = new PageAccess(agent, access);
        var upload = new UpdateUpload(agent, stopping);
        var pull = new UpdatePull(agent);

        endpoints.Map("/update", pages.Guard(RequestTrace.Around(context => UpdateUpload.IsForm(context.Request)
            ? upload.AnswerAsync(context)
            : pull.AnswerAsync(context))));
        endpoints.Map("/update/commit", pages.Guard(RequestTrace.Around(context => DoAsync(
            context, () => agent.Commits.CommitAsync(context.RequestAborted)))));
        endpoints.Map("/update/revert", pages.Guard(RequestTrace.Around(context => DoAsync(context, () =>
        {
            agent.Boot.Revert();
            return Task.CompletedTask;
        }))));
        if (agent.Config.Values.Flag("rpc.enable"))
        {
            var calls = new RpcEndpoint(agent, access);
            var sockets = new WebSocketEndpoint(agent, access, endpoints.ServiceProvider.GetRequiredService<ChannelTable>(), stopping);
            endpoints.Map("/rpc", pages.GuardCalls(sockets.Or(endpoints, RequestTrace.Around(calls.FrameAsync))));
            endpoints.Map("/rpc/{method}", pages.GuardCalls(RequestTrace.Around(calls.MethodAsync)));
        }
        if (agent.Config.Values.Flag("metrics.enable"))
        {
            // Ends with the meters that it listens to, and those with the device.
            var metrics = new MetricsText(agent.Meters.Device, agent.Meters.Process);
            endpoints.Map("/metrics", pages.Guard(context => Answers.TextAsync(context, metrics.Write(), MetricsText.ContentType)))
                .Add(endpoint => ((RouteEndpointBuilder)endpoint).Order = Behind);
        }
    }

    /// <summary>Commit and revert (specification 5.3), by any method because the overview promises them by GET.</summary>
    private static async Task DoAsync(HttpContext context, Func<Task> action)
    {
        try
        {
            await action();
            await Answers.TextAsync(context, StatusCodes.Status200OK, "Ok\r\n");
        }
        catch (RpcException refused)
        {
            await Answers.TextAsync(context, StatusCodes.Status400BadRequest, $"Error: {refused.Message}\r\n");
        }
    }
}
