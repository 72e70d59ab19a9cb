namespace Meerkat.Rpc;

/// <summary>A call got no answer that could be read: the device was not reached, did not answer in time, or answered something else.</summary>
public sealed class RpcTransportException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Nobody listened at the address, or the connection broke before the call was sent.</summary>
    public bool NotReached { get; init; }

    /// <summary>The call may have been performed: it was sent, and no answer came in time.</summary>
    public bool TimedOut { get; init; }
}
