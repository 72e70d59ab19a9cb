using System.Security.Cryptography;
using Meerkat.Device;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Meerkat.Agent.Page;

/// <summary>
/// The device's page for people: four fixed files. All that it shows and does goes through <c>/rpc</c> and <c>/update</c>, which it names
/// by absolute paths; its own files it names relative to itself.
/// </summary>
internal static class MeerkatPage
{
    /// <summary>Nothing from elsewhere, nothing inline, in no frame, and no text may become markup.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    /// <summary>An application's own endpoint at the same path goes first.</summary>
    private const int Behind = 1000;

    private static readonly (string Name, string Type)[] Files =
    [
        ("page.css", "text/css; charset=utf-8"),
        ("page.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ];

    /// <summary>Maps the page and its files.</summary>
    /// <param name="endpoints">An application with a device, as <c>AddMeerkat()</c> makes it.</param>
    /// <param name="path">Where the page is: <c>/</c>, or a path such as <c>/meerkat</c>.</param>
    public static IEndpointRouteBuilder Map(IEndpointRouteBuilder endpoints, string path)
    {
        var pages = new PageAccess(
            endpoints.ServiceProvider.GetRequiredService<DeviceAgent>(), endpoints.ServiceProvider.GetRequiredService<HttpAccess>());
        var folder = path.TrimEnd('/') + "/";
        var index = Answer("index.html", "text/html; charset=utf-8");
        Get(folder, context => context.Request.Path.Value!.EndsWith('/') ? index(context) : ToFolder(context));
        foreach (var (name, type) in Files)
        {
            Get(folder + name, Answer(name, type));
        }
        return endpoints;

        void Get(string pattern, RequestDelegate answer) =>
            endpoints.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], pages.GuardFixed(answer))
                .Add(endpoint => ((RouteEndpointBuilder)endpoint).Order = Behind);
    }

    /// <summary>Without the last slash the browser would look for the page's files one level too high.</summary>
    private static Task ToFolder(HttpContext context)
    {
        context.Response.Redirect($"{context.Request.PathBase}{context.Request.Path}/", permanent: false, preserveMethod: true);
        return Task.CompletedTask;
    }

    private static RequestDelegate Answer(string name, string type)
    {
        var body = Read(name);
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(body)[..12])}\"");
        return async context =>
        {
            var response = context.Response;
            response.Headers.ContentSecurityPolicy = Policy;
            response.Headers.XContentTypeOptions = "nosniff";
            response.Headers.XFrameOptions = "DENY";
            // Not no-referrer: some requests would then carry "Origin: null", and the device would refuse its own page.
            response.Headers["Referrer-Policy"] = "same-origin";
            response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
            response.Headers.CacheControl = "no-cache";
            response.Headers.ETag = tag.ToString();
            if (context.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(tag, useStrongComparison: false)))
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }
            response.ContentType = type;
            response.ContentLength = body.Length;
            if (!HttpMethods.IsHead(context.Request.Method))
            {
                await response.Body.WriteAsync(body, context.RequestAborted);
            }
        };
    }

    private static byte[] Read(string name)
    {
        using var stream = typeof(MeerkatPage).Assembly.GetManifestResourceStream("Page/" + name)!;
        var body = new byte[stream.Length];
        stream.ReadExactly(body);
        return body;
    }
}
