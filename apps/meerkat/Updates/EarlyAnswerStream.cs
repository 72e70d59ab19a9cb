using System.Net.Sockets;

namespace Meerkat.Tool.Updates;

/// <summary>
/// A connection on which an answer can be read although the peer stopped reading. A device that refuses an upload may answer at once
/// and close; the rest of the body then cannot be written, and the HTTP client would report that instead of the answer, which is
/// there to be read. So writing to a closed connection does nothing here, and reading tells what happened.
/// </summary>
internal sealed class EarlyAnswerStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    private bool closedByPeer;

    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new EarlyAnswerStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (closedByPeer)
        {
            return;
        }
        try
        {
            await base.WriteAsync(buffer, cancellationToken);
        }
        catch (IOException e) when (e.InnerException is SocketException
        {
            SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown,
        })
        {
            closedByPeer = true;
        }
    }
}
