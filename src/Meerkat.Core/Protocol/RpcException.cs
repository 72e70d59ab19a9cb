using System.Text.Json.Nodes;

namespace Meerkat.Core.Protocol;

/// <summary>
/// A call that is answered with an error. Method handlers and <see cref="RpcArguments"/> throw it and the dispatcher turns it into
/// the answer; a client throws it when a device answers with an error.
/// </summary>
public sealed class RpcException : Exception
{
    public RpcException(RpcError error)
        : base(error.Message ?? "no message") => Error = error;

    public RpcException(RpcErrorCode code, string message, JsonNode? data = null)
        : this(new RpcError(code, message, data))
    {
    }

    public RpcError Error { get; }
}
