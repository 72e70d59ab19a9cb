using System.Text.Json;

namespace Meerkat.Core.Protocol;

/// <summary>A call (specification 7.1). Without an id it is a notification: executed and never answered.</summary>
public sealed record RpcRequest(RpcId Id, string Method)
{
    /// <summary>The arguments, <see cref="JsonValueKind.Undefined"/> when there are none.</summary>
    public JsonElement Params { get; init; }

    /// <summary>Who calls; the answer's <c>dst</c>.</summary>
    public string? Source { get; init; }

    /// <summary>Who is meant; null or empty means whoever receives it.</summary>
    public string? Destination { get; init; }

    /// <summary>Copied into the answer.</summary>
    public string? Tag { get; init; }

    /// <summary>Credentials inside the frame, <see cref="JsonValueKind.Undefined"/> when there are none.</summary>
    public JsonElement Auth { get; init; }

    public bool IsNotification => Id.IsNone;

    /// <summary>The frame in UTF-8, members in the order of specification 7.1, without a line end. Numbers stay as typed.</summary>
    public byte[] ToUtf8() => RpcJson.Write(writer =>
    {
        writer.WriteStartObject();
        RpcJson.WriteAddress(writer, Id, Source, Destination, Tag);
        writer.WriteString("method"u8, Method);
        if (Params.ValueKind != JsonValueKind.Undefined)
        {
            writer.WritePropertyName("params"u8);
            Params.WriteTo(writer);
        }
        if (Auth.ValueKind != JsonValueKind.Undefined)
        {
            writer.WritePropertyName("auth"u8);
            Auth.WriteTo(writer);
        }
        writer.WriteEndObject();
    });
}
