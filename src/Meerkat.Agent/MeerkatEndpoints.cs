using Meerkat.Core.Protocol;
using Meerkat.Device;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent;

/// <summary>The device's endpoints in an application.</summary>
public static class MeerkatEndpoints
{
    /// <summary>
    /// Maps <c>/update</c>, <c>/update/commit</c>, <c>/update/revert</c>, <c>/rpc</c>, <c>/rpc/METHOD</c>, <c>/metrics</c> and <c>/healthz</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException"><see cref="MeerkatServices.AddMeerkat"/> was not called.</exception>
    public static IEndpointRouteBuilder MapMeerkat(this IEndpointRouteBuilder endpoints)
    {
        var agent = endpoints.ServiceProvider.GetRequiredService<DeviceAgent>();
        var stopping = endpoints.ServiceProvider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var pages = new PageAccess(agent);
        var upload = new UpdateUpload(agent, stopping);
        var pull = new UpdatePull(agent);

        endpoints.Map("/update", pages.Guard(RequestTrace.Around(context => UpdateUpload.IsForm(context.Request)
            ? upload.AnswerAsync(context)
            : pull.AnswerAsync(context))));
        endpoints.Map("/update/commit", pages.Guard(RequestTrace.Around(context => DoAsync(context, agent.Boot.Commit))));
        endpoints.Map("/update/revert", pages.Guard(RequestTrace.Around(context => DoAsync(context, agent.Boot.Revert))));
        if (agent.Config.Values.Flag("rpc.enable"))
        {
            var calls = new RpcEndpoint(agent);
            endpoints.Map("/rpc", pages.Guard(RequestTrace.Around(calls.FrameAsync)));
            endpoints.Map("/rpc/{method}", pages.Guard(RequestTrace.Around(calls.MethodAsync)));
        }
        if (agent.Config.Values.Flag("metrics.enable"))
        {
            // Ends with the meters that it listens to, and those with the device.
            var metrics = new MetricsText(agent.Meters.Device, agent.Meters.Process);
            endpoints.Map("/metrics", pages.Guard(context => Answers.TextAsync(context, metrics.Write(), MetricsText.ContentType)));
        }
        endpoints.Map("/healthz", (RequestDelegate)(context => Answers.TextAsync(context, StatusCodes.Status200OK, "ok")));
        return endpoints;
    }

    /// <summary>Commit and revert (specification 5.3), by any method because the overview promises them by GET.</summary>
    private static Task DoAsync(HttpContext context, Action action)
    {
        try
        {
            action();
            return Answers.TextAsync(context, StatusCodes.Status200OK, "Ok\r\n");
        }
        catch (RpcException refused)
        {
            return Answers.TextAsync(context, StatusCodes.Status400BadRequest, $"Error: {refused.Message}\r\n");
        }
    }
}
