using Meerkat.Core.Protocol;

namespace Meerkat.Rpc.Client;

/// <summary>Carries the calls of a client to one device, side by side.</summary>
public interface IRpcTransport : IAsyncDisposable
{
    /// <summary>The device's address for people.</summary>
    string Address { get; }

    /// <summary>The <c>src</c> of requests: where answers are sent to.</summary>
    string Source { get; }

    /// <summary>The <c>dst</c> of requests; null where the transport needs none.</summary>
    string? Destination { get; }

    /// <summary>Sends a request and waits for the answer with its id.</summary>
    /// <exception cref="RpcTransportException">The device was not reached, or the connection broke, or the answer cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the call may have been performed.</exception>
    Task<RpcResponse> ExchangeAsync(RpcRequest request, CancellationToken cancellationToken);
}
