using Meerkat.Rpc.Channels;

namespace Meerkat.EndToEnd.Tests.Mqtt;

/// <summary>A connection on which some answers never arrive.</summary>
/// <param name="inner">The real one.</param>
/// <param name="isLost">Of an answer by its number, from 1.</param>
internal sealed class LossyConnection(IFrameConnection inner, Func<int, bool> isLost) : IFrameConnection
{
    private int answers;

    public async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var frame = await inner.ReceiveAsync(cancellationToken);
            if (frame is null || !isLost(++answers))
            {
                return frame;
            }
        }
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken) => inner.SendAsync(frame, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
