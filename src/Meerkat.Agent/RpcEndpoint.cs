using System.Buffers;
using System.Net.Mime;
using System.Text;
using System.Text.Json;
using Meerkat.Core.Protocol;
using Meerkat.Core.Values;
using Meerkat.Device;
using Meerkat.Device.Access;
using Meerkat.Rpc;
using Microsoft.AspNetCore.Http;

namespace Meerkat.Agent;

/// <summary>Calls over HTTP (specification 7.2): whole frames on <c>/rpc</c>, bare arguments and results on <c>/rpc/METHOD</c>.</summary>
internal sealed class RpcEndpoint(DeviceAgent agent, HttpAccess access)
{
    private int largeAnswers;

    public async Task FrameAsync(HttpContext context)
    {
        if (HttpMethods.IsOptions(context.Request.Method)
            && PageAccess.MayCross(context.Request.Headers.Origin, agent.Config.Values.Text("http.cors_origin")))
        {
            context.Response.ContentLength = 0;
            return;
        }
        if (await ReadBodyAsync(context) is not { } frame)
        {
            await InvalidAsync(context, $"the frame is longer than {agent.Calls.MaxFrameBytes} bytes");
            return;
        }
        switch (await agent.Calls.TakeAsync(frame, Peer(context), context.RequestAborted))
        {
            case RpcReply.Answer({ Outcome: RpcOutcome.Failed({ Code: (int)RpcErrorCode.Unauthenticated }) }):
            case RpcReply.Silence({ Code: (int)RpcErrorCode.Unauthenticated }):
                await access.ChallengeCallAsync(context);
                break;
            case RpcReply.Silence({ } refused):
                await ErrorAsync(context, refused);
                break;
            case RpcReply.Answer(var response):
                await AnswerAsync(context, response.ToUtf8());
                break;
            case RpcReply.Silence(null):
                context.Response.ContentLength = 0;
                break;
            case RpcReply.Refusal(var reason):
                await InvalidAsync(context, reason);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    public async Task MethodAsync(HttpContext context)
    {
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            context.Response.ContentType = MediaTypeNames.Application.Json;
            context.Response.ContentLength = 0;
            return;
        }
        var method = (string)context.Request.RouteValues["method"]!;
        if (await ReadBodyAsync(context) is not { } body)
        {
            await ErrorAsync(context, new RpcError(RpcErrorCode.BadRequest, $"the arguments are longer than {agent.Calls.MaxFrameBytes} bytes"));
            return;
        }
        JsonElement arguments;
        try
        {
            arguments = Arguments(body, context.Request.QueryString.Value ?? "");
        }
        catch (JsonException fault)
        {
            await ErrorAsync(context, new RpcError(
                RpcErrorCode.BadRequest, $"the arguments are not JSON: {fault.Message} In a query texts need quotes of their own: ?path=%22/%22"));
            return;
        }
        switch (await agent.Calls.InvokeAsync(method, arguments, Peer(context), context.RequestAborted))
        {
            case RpcOutcome.Succeeded(var result):
                await AnswerAsync(context, RpcJson.ToUtf8(result));
                break;
            case RpcOutcome.Failed({ Code: (int)RpcErrorCode.Unauthenticated }):
                await access.ChallengeCallAsync(context);
                break;
            case RpcOutcome.Failed(var error):
                await ErrorAsync(context, error);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>
    /// A large answer needs a place until its client has read it. Waiting for one would keep the answer in memory, so there is none: 503.
    /// </summary>
    private async Task AnswerAsync(HttpContext context, byte[] utf8)
    {
        if (utf8.Length <= ClientBounds.LargeAnswerBytes)
        {
            await Answers.JsonAsync(context, StatusCodes.Status200OK, utf8);
            return;
        }
        try
        {
            if (Interlocked.Increment(ref largeAnswers) <= ClientBounds.LargeAnswers)
            {
                await Answers.JsonAsync(context, StatusCodes.Status200OK, utf8);
            }
            else
            {
                await Answers.TextAsync(
                    context, StatusCodes.Status503ServiceUnavailable,
                    $"{ClientBounds.LargeAnswers} large answers are being fetched at this moment; ask again, or for less at once\r\n");
            }
        }
        finally
        {
            Interlocked.Decrement(ref largeAnswers);
        }
    }

    private static Task ErrorAsync(HttpContext context, RpcError error) => Answers.JsonAsync(
        context,
        error.Code is StatusCodes.Status403Forbidden or StatusCodes.Status404NotFound ? error.Code : StatusCodes.Status500InternalServerError,
        RpcJson.ToUtf8(error.ToJson()));

    private static Task InvalidAsync(HttpContext context, string reason) =>
        Answers.TextAsync(context, StatusCodes.Status400BadRequest, $"Invalid request: {reason}\r\n");

    /// <summary>The body is the arguments; without one the query is, its values inserted as they are (specification 7.2).</summary>
    private static JsonElement Arguments(ReadOnlyMemory<byte> body, string query)
    {
        if (!body.Span.Trim(" \t\r\n"u8).IsEmpty)
        {
            return StrictJson.Parse(body.Span, RpcFrame.MaxDepth);
        }
        var pairs = query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries);
        if (pairs.Length == 0)
        {
            return default;
        }
        var text = new StringBuilder("{");
        foreach (var pair in pairs)
        {
            var parts = pair.Split('=', 2);
            text.Append(text.Length > 1 ? "," : "")
                .Append('"').Append(JsonEncodedText.Encode(Decode(parts[0]))).Append("\":")
                .Append(parts.Length > 1 ? Decode(parts[1]) : "");
        }
        return StrictJson.Parse(Encoding.UTF8.GetBytes(text.Append('}').ToString()), RpcFrame.MaxDepth);
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    /// <summary>Nothing when it is longer than a frame may be.</summary>
    private async Task<byte[]?> ReadBodyAsync(HttpContext context)
    {
        var most = agent.Calls.MaxFrameBytes;
        if (context.Request.ContentLength > most)
        {
            return null;
        }
        // What has come stays in the server's blocks until all is there: a frame that never ends takes no memory besides.
        var body = context.Request.BodyReader;
        while (true)
        {
            var read = await body.ReadAsync(context.RequestAborted);
            if (read.Buffer.Length > most || read.IsCompleted)
            {
                var frame = read.Buffer.Length > most ? null : read.Buffer.ToArray();
                body.AdvanceTo(read.Buffer.End);
                return frame;
            }
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private RpcPeer Peer(HttpContext context) => new(
        RpcChannels.Http,
        context.Connection.RemoteIpAddress is { } address ? new System.Net.IPEndPoint(address, context.Connection.RemotePort).ToString() : "",
        access.UserOfCall(context));
}
