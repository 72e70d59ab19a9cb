using System.Text.Json.Nodes;

namespace Meerkat.Core.Protocol;

/// <summary>How a call ended: a result, which may be null, or an error.</summary>
public abstract record RpcOutcome
{
    private RpcOutcome()
    {
    }

    /// <summary>Success. Null when the method has nothing to say.</summary>
    public sealed record Succeeded(JsonNode? Result) : RpcOutcome;

    public sealed record Failed(RpcError Error) : RpcOutcome;
}
