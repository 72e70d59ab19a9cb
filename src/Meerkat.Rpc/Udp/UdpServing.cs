using System.Net;
using System.Net.Sockets;
using Meerkat.Core.Protocol;
using Meerkat.Rpc.Channels;

namespace Meerkat.Rpc.Udp;

/// <summary>A device's end of UDP (specification 7.5b): one datagram is one frame, the answer goes to where it came from.</summary>
public static class UdpServing
{
    /// <summary>The longest datagram that IPv4 carries, in bytes.</summary>
    public const int LongestDatagram = 65507;

    /// <summary>Answers until it is stopped. A datagram that is no request is dropped.</summary>
    /// <param name="socket">Bound; disposed of by the caller.</param>
    /// <param name="calls">Performs the calls.</param>
    /// <param name="queueLength">Calls at once; more are refused with 429.</param>
    /// <param name="stopping">Ends the serving.</param>
    public static async Task RunAsync(Socket socket, RpcDispatcher calls, int queueLength, CancellationToken stopping)
    {
        var queue = new CallQueue(calls, queueLength, stopping);
        var recent = new RecentCalls(calls.Time);
        var datagram = new byte[LongestDatagram];
        var anyone = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(datagram, anyone, stopping).ConfigureAwait(false);
                var sender = received.RemoteEndPoint;
                var frame = RpcFrame.Parse(datagram.AsSpan(0, received.ReceivedBytes), calls.MaxFrameBytes);
                recent.Take(frame, sender.ToString()!, response => SendAsync(response, sender), (once, answer) =>
                    queue.TakeOrRefuse(once, new RpcPeer(RpcChannels.Udp, sender.ToString()!), answer));
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException)
            {
                // An earlier answer found nobody, or one datagram was bad: no reason to stop listening.
            }
        }

        async ValueTask SendAsync(RpcResponse response, EndPoint sender)
        {
            var utf8 = response.ToUtf8();
            if (utf8.Length > LongestDatagram)
            {
                utf8 = (response with
                {
                    Outcome = new RpcOutcome.Failed(new RpcError(
                        RpcErrorCode.Internal, $"the answer has {utf8.Length} bytes and does not fit in a datagram; ask by another transport, or for less")),
                }).ToUtf8();
            }
            try
            {
                await socket.SendToAsync(utf8, sender, stopping).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                // Whoever asked is gone.
            }
        }
    }
}
