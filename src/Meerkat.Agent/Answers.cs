using System.Net.Mime;
using System.Text;
using Meerkat.Device.Updates;
using Microsoft.AspNetCore.Http;

namespace Meerkat.Agent;

/// <summary>Short answers whose whole body is known.</summary>
internal static class Answers
{
    /// <summary>Handed to the server at once, which copies it: a client that does not read must not have all of a long answer copied.</summary>
    private const int PieceBytes = 16 * 1024;

    public static Task TextAsync(HttpContext context, int status, string text) =>
        WriteAsync(context, status, MediaTypeNames.Text.Plain, Encoding.UTF8.GetBytes(text));

    /// <summary>A text of a type of its own.</summary>
    public static Task TextAsync(HttpContext context, string text, string type) =>
        WriteAsync(context, StatusCodes.Status200OK, type, Encoding.UTF8.GetBytes(text));

    /// <summary>A JSON body; it ends with CR LF as the original's do (specification 7.2).</summary>
    public static Task JsonAsync(HttpContext context, int status, byte[] utf8) =>
        WriteAsync(context, status, MediaTypeNames.Application.Json, utf8, "\r\n"u8.ToArray());

    /// <summary>503 for an update that may be tried again later.</summary>
    public static int StatusOf(UpdateResult result) =>
        result.Succeeded ? StatusCodes.Status200OK
        : result.IsNotNow ? StatusCodes.Status503ServiceUnavailable
        : StatusCodes.Status500InternalServerError;

    private static async Task WriteAsync(HttpContext context, int status, string type, params byte[][] body)
    {
        var response = context.Response;
        response.StatusCode = status;
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers.RetryAfter = "60";
        }
        response.ContentType = type;
        response.ContentLength = body.Sum(piece => piece.Length);
        foreach (var piece in body)
        {
            for (var sent = 0; sent < piece.Length; sent += PieceBytes)
            {
                await response.Body.WriteAsync(piece.AsMemory(sent, Math.Min(PieceBytes, piece.Length - sent)), CancellationToken.None);
            }
        }
        await response.CompleteAsync();
    }
}
