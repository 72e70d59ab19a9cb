using System.Buffers;
using System.Net.WebSockets;
using Meerkat.Rpc.Channels;

namespace Meerkat.Rpc.WebSockets;

/// <summary>Frames over a WebSocket (specification 7.3): one message, text or binary, is one frame; what is sent is text.</summary>
/// <param name="socket">Open; disposed of with this.</param>
/// <param name="maxFrameBytes">A longer message ends the connection with status 1009.</param>
public sealed class WebSocketConnection(WebSocket socket, int maxFrameBytes) : IFrameConnection
{
    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim writing = new(1, 1);

    public async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
    {
        var message = new ArrayBufferWriter<byte>(512);
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(message.GetMemory(), cancellationToken).ConfigureAwait(false);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    await CloseAsync(WebSocketCloseStatus.NormalClosure, "").ConfigureAwait(false);
                    return null;
                }
                message.Advance(received.Count);
                if (message.WrittenCount > maxFrameBytes)
                {
                    await CloseAsync(WebSocketCloseStatus.MessageTooBig, $"at most {maxFrameBytes} bytes are accepted (rpc.max_frame_size)")
                        .ConfigureAwait(false);
                    return null;
                }
                if (received.EndOfMessage)
                {
                    return message.WrittenSpan.ToArray();
                }
            }
        }
        catch (Exception fault) when (fault is WebSocketException or IOException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <exception cref="IOException">The connection is gone.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is WebSocketException or ObjectDisposedException or InvalidOperationException)
        {
            throw new IOException($"the WebSocket is closed: {fault.Message}", fault);
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Says farewell where the peer still listens.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync(WebSocketCloseStatus.NormalClosure, "").ConfigureAwait(false);
        socket.Dispose();
        writing.Dispose();
    }

    private async Task CloseAsync(WebSocketCloseStatus status, string reason)
    {
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
        {
            return;
        }
        using var deadline = new CancellationTokenSource(CloseTime);
        try
        {
            await socket.CloseOutputAsync(status, reason, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is WebSocketException or IOException or ObjectDisposedException
            or InvalidOperationException or OperationCanceledException)
        {
            // Gone already.
        }
    }
}
