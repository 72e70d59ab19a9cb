using System.Net.Sockets;
using Meerkat.Device;
using Meerkat.Rpc;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent.Channels;

/// <summary>Calls by TCP at <c>rpc.tcp.listen_addr</c>.</summary>
internal sealed class TcpChannel(DeviceAgent agent, ChannelTable table, IHostApplicationLifetime lifetime)
    : StreamListener(agent, table, lifetime)
{
    private const string Key = "rpc.tcp.listen_addr";

    protected override string Name => "calls by TCP";

    protected override string Channel => RpcChannels.Tcp;

    protected override Socket? Listen()
    {
        if (ListeningSocket.EndPoint(Agent, Key, RpcChannels.Tcp) is not { } address)
        {
            return null;
        }
        // Handed on to the connections. Answers are whole; held back for more they would wait for the caller's delayed acknowledgement.
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // Callers that have vanished are noticed, also where none is ever idle for too long.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            ListeningSocket.Bind(socket, address);
            socket.Listen();
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
