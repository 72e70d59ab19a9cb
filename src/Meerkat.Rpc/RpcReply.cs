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

    /// <summary>The frame was a notification and has been performed; nothing is sent.</summary>
    public sealed record Silence : RpcReply;

    /// <summary>The frame was not for us or not a request: over HTTP 400 <c>Invalid request</c>, elsewhere nothing is sent.</summary>
    public sealed record Refusal(string Reason) : RpcReply;
}
