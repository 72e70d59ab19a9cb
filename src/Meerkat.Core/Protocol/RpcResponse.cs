namespace Meerkat.Core.Protocol;

/// <summary>The answer to a call.</summary>
public sealed record RpcResponse(RpcId Id, RpcOutcome Outcome)
{
    public string? Source { get; init; }

    public string? Destination { get; init; }

    public string? Tag { get; init; }

    /// <summary>
    /// The answer to <paramref name="request"/>: its id and tag, its source as destination, and as source its destination or, where
    /// it named none, <paramref name="deviceId"/> (left out when empty).
    /// </summary>
    public static RpcResponse To(RpcRequest request, RpcOutcome outcome, string deviceId) => new(request.Id, outcome)
    {
        Source = request.Destination is { Length: > 0 } named ? named : deviceId,
        Destination = request.Source,
        Tag = request.Tag,
    };

    /// <summary>
    /// The frame in UTF-8, members in the order of specification 7.1, without a line end. No data is <c>"result":null</c>.
    /// </summary>
    public byte[] ToUtf8() => RpcJson.Write(writer =>
    {
        writer.WriteStartObject();
        RpcJson.WriteAddress(writer, Id, Source, Destination, Tag);
        switch (Outcome)
        {
            case RpcOutcome.Succeeded(var result):
                writer.WritePropertyName("result"u8);
                RpcJson.WriteNode(writer, result);
                break;
            case RpcOutcome.Failed(var error):
                writer.WritePropertyName("error"u8);
                error.ToJson().WriteTo(writer);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
        writer.WriteEndObject();
    });
}
