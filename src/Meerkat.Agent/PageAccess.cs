using Meerkat.Core.Access;
using Meerkat.Device;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Meerkat.Agent;

/// <summary>Lets a request through to an endpoint unless it comes from a web page that has no business here.</summary>
internal sealed class PageAccess(DeviceAgent agent, HttpAccess access)
{
    /// <summary>For what tells something of this device or changes it.</summary>
    public RequestDelegate Guard(RequestDelegate endpoint) => Guard(access.Guard(endpoint), mayBeNameless: false);

    /// <summary>For calls, which have rights of their own.</summary>
    public RequestDelegate GuardCalls(RequestDelegate endpoint) => Guard(endpoint, mayBeNameless: false);

    /// <summary>
    /// For files that are the same on every device. A browser that is opened at an address over plain HTTP says no more about where the
    /// request comes from than one that shows an image of a foreign page; here it need not.
    /// </summary>
    public RequestDelegate GuardFixed(RequestDelegate endpoint) => Guard(access.Guard(endpoint), mayBeNameless: true);

    private RequestDelegate Guard(RequestDelegate endpoint, bool mayBeNameless) => context =>
    {
        var headers = context.Request.Headers;
        var values = agent.Config.Values;
        var corsOrigin = values.Text("http.cors_origin");
        var request = new PageRequest([.. headers.Host!], [.. headers.Origin!], [.. headers["Sec-Fetch-Site"]!])
        {
            FromBrowser = !mayBeNameless && (headers.AcceptLanguage.Count > 0 || headers.Referer.Count > 0
                || headers.UserAgent.ToString().StartsWith("Mozilla/", StringComparison.OrdinalIgnoreCase)),
        };
        if (PageGuard.Refusal(request, values.Text("http.host_names"), corsOrigin) is { } reason)
        {
            return Answers.TextAsync(context, StatusCodes.Status403Forbidden, $"{reason}\r\n");
        }
        if (MayCross(headers.Origin, corsOrigin))
        {
            var answer = context.Response.Headers;
            answer.AccessControlAllowOrigin = headers.Origin;
            answer.AccessControlAllowHeaders = "*";
            answer.AccessControlAllowMethods = "GET, POST, OPTIONS";
            answer.Vary = "Origin";
        }
        return endpoint(context);
    };

    public static bool MayCross(StringValues origin, string corsOrigin) =>
        origin is [{ } one] && PageGuard.IsConfigured(one, corsOrigin);
}
