using System.Globalization;
using System.Net.Sockets;
using Meerkat.Rpc.Channels;

namespace Meerkat.Rpc.Udp;

/// <summary>A caller's end of UDP (specification 7.5b): one datagram is one frame.</summary>
/// <param name="socket">Connected; disposed of with this.</param>
public sealed class UdpConnection(Socket socket) : IFrameConnection
{
    private readonly byte[] datagram = new byte[UdpServing.LongestDatagram];

    public async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            var received = await socket.ReceiveAsync(datagram, cancellationToken).ConfigureAwait(false);
            return datagram[..received];
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <exception cref="IOException">The frame does not fit, or nobody is there.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        if (frame.Length > UdpServing.LongestDatagram)
        {
            throw new IOException(string.Create(
                CultureInfo.InvariantCulture,
                $"a frame of {frame.Length} bytes does not fit in a datagram of {UdpServing.LongestDatagram}; use another transport, or smaller pieces"));
        }
        try
        {
            await socket.SendAsync(frame, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException fault)
        {
            throw new IOException(fault.Message, fault);
        }
    }

    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
