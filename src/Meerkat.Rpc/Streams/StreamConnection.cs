using System.Net.Sockets;
using Meerkat.Core.Protocol;
using Meerkat.Rpc.Channels;

namespace Meerkat.Rpc.Streams;

/// <summary>Frames over a stream of bytes: TCP, a Unix socket, a serial line (specification 7.5).</summary>
/// <param name="stream">Disposed of with this.</param>
/// <param name="options">How it is spoken.</param>
public sealed class StreamConnection(Stream stream, StreamOptions options) : IFrameConnection
{
    private readonly StreamFrameReader reader = new(options.MaxFrameBytes);
    private readonly Queue<StreamItem> items = [];
    private readonly SemaphoreSlim writing = new(1, 1);
    private readonly byte[] block = new byte[4096];

    public async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            while (items.TryDequeue(out var item))
            {
                switch (item)
                {
                    case StreamItem.Frame(var utf8):
                        return utf8;
                    case StreamItem.EmptyLine when options.AnswersProbes:
                        await WriteAsync(StreamFrameWriter.EmptyLine, cancellationToken).ConfigureAwait(false);
                        break;
                    case StreamItem.Probe when options.AnswersProbes:
                        await WriteAsync(StreamFrameWriter.Probe, cancellationToken).ConfigureAwait(false);
                        break;
                    case StreamItem.Dropped(var reason):
                        options.OnDropped?.Invoke(reason);
                        break;
                    default:
                        options.OnProbe?.Invoke(item);
                        break;
                }
            }
            int received;
            try
            {
                received = await stream.ReadAsync(block, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is IOException or SocketException or ObjectDisposedException)
            {
                return null;
            }
            if (received == 0)
            {
                return null;
            }
            foreach (var item in reader.Push(block.AsSpan(0, received)))
            {
                items.Enqueue(item);
            }
        }
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken) => WriteAsync(
        StreamFrameWriter.Write(frame.Span, options.Quotes || reader.SeenQuotes, options.Checksum || reader.SeenChecksum),
        cancellationToken);

    /// <summary>Asks whether anybody is there; the answer is told to <see cref="StreamOptions.OnProbe"/>.</summary>
    public ValueTask ProbeAsync(CancellationToken cancellationToken) =>
        WriteAsync(StreamFrameWriter.Handshake, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync().ConfigureAwait(false);
        writing.Dispose();
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (var sent = 0; sent < bytes.Length; sent += options.PieceBytes)
            {
                if (sent > 0 && options.Pause > TimeSpan.Zero)
                {
                    await Task.Delay(options.Pause, options.Time, cancellationToken).ConfigureAwait(false);
                }
                await stream.WriteAsync(bytes.Slice(sent, Math.Min(options.PieceBytes, bytes.Length - sent)), cancellationToken)
                    .ConfigureAwait(false);
            }
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            writing.Release();
        }
    }
}
