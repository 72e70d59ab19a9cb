using System.Net.Mime;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Meerkat.Agent;

/// <summary>Short answers whose whole body is known.</summary>
internal static class Answers
{
    public static Task TextAsync(HttpContext context, int status, string text) =>
        WriteAsync(context, status, MediaTypeNames.Text.Plain, Encoding.UTF8.GetBytes(text));

    /// <summary>A text of a type of its own.</summary>
    public static Task TextAsync(HttpContext context, string text, string type) =>
        WriteAsync(context, StatusCodes.Status200OK, type, Encoding.UTF8.GetBytes(text));

    /// <summary>A JSON body; it ends with CR LF as the original's do (specification 7.2).</summary>
    public static Task JsonAsync(HttpContext context, int status, byte[] utf8) =>
        WriteAsync(context, status, MediaTypeNames.Application.Json, [.. utf8, (byte)'\r', (byte)'\n']);

    private static async Task WriteAsync(HttpContext context, int status, string type, byte[] body)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = type;
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, CancellationToken.None);
        await response.CompleteAsync();
    }
}
