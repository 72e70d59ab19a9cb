using Meerkat.Core.Protocol;

namespace Meerkat.Rpc;

/// <summary>What a channel does after a frame was taken.</summary>
public abstract record RpcReply
{
    private RpcReply()
    {
    }

    /// <summary>Send this back.</summary>
    public sealed record Answer(RpcResponse Response) : RpcReply;

    /// <summary>The frame was a notification; nothing is sent.</summary>
    /// <param name="Refused">Why it was not performed; over HTTP, where something is always answered, the sender hears of it.</param>
    public sealed record Silence(RpcError? Refused = null) : RpcReply;

    /// <summary>The frame was not for us or not a request: over HTTP 400 <c>Invalid request</c>, elsewhere nothing is sent.</summary>
    public sealed record Refusal(string Reason) : RpcReply;
}
