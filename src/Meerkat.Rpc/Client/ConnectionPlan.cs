using Meerkat.Rpc.Channels;

namespace Meerkat.Rpc.Client;

/// <summary>How a connection to a device is made and used.</summary>
/// <param name="Address">For people.</param>
/// <param name="Connect">
/// Makes one; throws <see cref="RpcTransportException"/>, with <see cref="RpcTransportException.NotReached"/> where another try may help.
/// </param>
public sealed record ConnectionPlan(string Address, Func<CancellationToken, Task<IFrameConnection>> Connect)
{
    public string Source { get; init; } = "meerkat";

    public string? Destination { get; init; }

    /// <summary>From a refused connection to the next try; null: none.</summary>
    public TimeSpan? ConnectAgain { get; init; }

    /// <summary>
    /// From sending a call that may be repeated to sending it again, doubled each time; null where nothing gets lost on the way.
    /// </summary>
    public TimeSpan? SendAgain { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
