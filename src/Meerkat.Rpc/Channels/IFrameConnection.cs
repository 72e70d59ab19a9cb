namespace Meerkat.Rpc.Channels;

/// <summary>A connection over which whole frames travel both ways, one receiver and any number of senders at a time.</summary>
public interface IFrameConnection : IAsyncDisposable
{
    /// <summary>The next frame; null at the end of the connection, however it ended.</summary>
    ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken);

    /// <exception cref="IOException">The connection is gone.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken);
}
