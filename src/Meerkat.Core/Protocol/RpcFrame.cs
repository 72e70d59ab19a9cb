using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Values;

namespace Meerkat.Core.Protocol;

/// <summary>What arrived on a channel, once read: a request, a response, or bytes that are neither.</summary>
public abstract record RpcFrame
{
    /// <summary>Deeper nesting is refused: no method has arguments half as deep.</summary>
    public const int MaxDepth = 32;

    private RpcFrame()
    {
    }

    /// <summary>A frame that names a method.</summary>
    public sealed record Request(RpcRequest Value) : RpcFrame;

    /// <summary>A frame that names none.</summary>
    public sealed record Response(RpcResponse Value) : RpcFrame;

    /// <param name="Reason">What is wrong with the bytes, in words.</param>
    public sealed record Rejected(string Reason) : RpcFrame;

    /// <summary>
    /// Reads one frame (specification 7.1). Unknown members are ignored and members of the wrong type count as absent, except
    /// <c>id</c> (number or string) and <c>method</c> (string). <c>args</c> stands for <c>params</c> where that is absent.
    /// A key that occurs twice is refused, because two readers would see two different calls.
    /// </summary>
    /// <param name="utf8">The bytes of exactly one JSON value; white space around it is accepted.</param>
    /// <param name="maxBytes">The longest frame accepted (<c>rpc.max_frame_size</c>).</param>
    /// <param name="named">The method, where the channel names it; the frame's own is not looked at then.</param>
    public static RpcFrame Parse(ReadOnlySpan<byte> utf8, int maxBytes, string? named = null)
    {
        if (utf8.Length > maxBytes)
        {
            return Reject($"the frame has {utf8.Length} bytes, at most {maxBytes} are accepted");
        }
        JsonElement frame;
        try
        {
            frame = StrictJson.Parse(utf8, MaxDepth);
        }
        catch (JsonException e)
        {
            return Reject($"not JSON: {e.Message}");
        }
        if (frame.ValueKind != JsonValueKind.Object)
        {
            return Reject($"a frame is a JSON object, found {RpcArguments.Describe(frame)}");
        }
        var id = ReadId(frame);
        if (id is null)
        {
            return Reject($"id must be a number or a string, found {RpcArguments.Describe(frame.GetProperty("id"))}");
        }
        if (named is not null && !frame.TryGetProperty("result", out _) && !frame.TryGetProperty("error", out _))
        {
            return new Request(ReadRequest(frame, id.Value, named));
        }
        if (frame.TryGetProperty("method", out var method) && method.ValueKind != JsonValueKind.String)
        {
            return Reject($"method must be a string, found {RpcArguments.Describe(method)}");
        }
        var name = Text(frame, "method");
        return string.IsNullOrEmpty(name) ? ReadResponse(frame, id.Value) : new Request(ReadRequest(frame, id.Value, name));
    }

    private static RpcRequest ReadRequest(JsonElement frame, RpcId id, string method) => new(id, method)
    {
        Params = Member(frame, "params") is { ValueKind: not JsonValueKind.Undefined } given ? given : Member(frame, "args"),
        Source = Text(frame, "src"),
        Destination = Text(frame, "dst"),
        Tag = Text(frame, "tag"),
        Auth = Member(frame, "auth"),
    };

    private static RpcFrame ReadResponse(JsonElement frame, RpcId id)
    {
        var error = Member(frame, "error");
        var result = Member(frame, "result");
        if (id.IsNone)
        {
            return Reject("the frame has neither a method nor an id");
        }
        RpcOutcome outcome;
        if (error.ValueKind is JsonValueKind.Object)
        {
            var code = Member(error, "code");
            var number = code.ValueKind == JsonValueKind.Number && code.TryGetInt32(out var n) ? n : (int)RpcErrorCode.Failed;
            outcome = new RpcOutcome.Failed(new RpcError(number, Text(error, "message"), Node(Member(error, "data"))));
        }
        else
        {
            outcome = new RpcOutcome.Succeeded(Node(result));
        }
        return new Response(new RpcResponse(id, outcome)
        {
            Source = Text(frame, "src"),
            Destination = Text(frame, "dst"),
            Tag = Text(frame, "tag"),
        });
    }

    private static RpcId? ReadId(JsonElement frame)
    {
        var id = Member(frame, "id");
        return id.ValueKind switch
        {
            JsonValueKind.Undefined => RpcId.None,
            JsonValueKind.Number => new RpcId(id.GetRawText()),
            JsonValueKind.String => new RpcId(id.GetString() ?? ""),
            JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null => null,
        };
    }

    private static JsonElement Member(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) ? value : default;

    private static string? Text(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static JsonNode? Node(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => JsonObject.Create(element),
        JsonValueKind.Array => JsonArray.Create(element),
        JsonValueKind.Undefined or JsonValueKind.Null => null,
        JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => JsonValue.Create(element),
    };

    private static Rejected Reject(FormattableString reason) => new(reason.ToString(CultureInfo.InvariantCulture));

    private static Rejected Reject(string reason) => new(reason);
}
