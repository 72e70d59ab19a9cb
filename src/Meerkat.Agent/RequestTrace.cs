using System.Diagnostics;
using Meerkat.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Meerkat.Agent;

/// <summary>A span around a request, below the one that its sender names in <c>traceparent</c>.</summary>
internal static class RequestTrace
{
    public static RequestDelegate Around(RequestDelegate endpoint) =>
        context => Tracing.Source.HasListeners() ? RunAsync(context, endpoint) : endpoint(context);

    private static async Task RunAsync(HttpContext context, RequestDelegate endpoint)
    {
        if (Activity.Current is { } outer && !outer.Source.HasListeners())
        {
            // The framework's own span, made for its log lines and sent nowhere: nothing may hang below it.
            Activity.Current = null;
        }
        var request = context.Request;
        var parent = Activity.Current?.Context
            ?? (ActivityContext.TryParse(request.Headers.TraceParent, request.Headers.TraceState, isRemote: true, out var remote) ? remote : default);
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "";
        using var span = Tracing.Source.StartActivity($"{request.Method} {route}", ActivityKind.Server, parent);
        span?.SetTag("http.request.method", request.Method).SetTag("http.route", route)
            .SetTag("client.address", context.Connection.RemoteIpAddress?.ToString());
        try
        {
            await endpoint(context);
        }
        finally
        {
            span?.SetTag("http.response.status_code", context.Response.StatusCode);
            if (context.Response.StatusCode >= StatusCodes.Status500InternalServerError)
            {
                span?.SetStatus(ActivityStatusCode.Error);
            }
        }
    }
}
