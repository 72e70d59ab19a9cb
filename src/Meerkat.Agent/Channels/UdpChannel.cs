using System.Net.Sockets;
using Meerkat.Device;
using Meerkat.Rpc;
using Meerkat.Rpc.Udp;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent.Channels;

/// <summary>Calls by UDP at <c>rpc.udp.listen_addr</c> (specification 7.5b).</summary>
internal sealed class UdpChannel(DeviceAgent agent, IHostApplicationLifetime lifetime) : PersistentChannel(agent, lifetime)
{
    protected override string Name => "calls by UDP";

    protected override async Task<bool> ServeAsync(CancellationToken stopping)
    {
        if (ListeningSocket.EndPoint(Agent, "rpc.udp.listen_addr", RpcChannels.Udp) is not { } address)
        {
            return false;
        }
        using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        ListeningSocket.Bind(socket, address);
        Tell($"{Name}: answering on {socket.LocalEndPoint}");
        await UdpServing.RunAsync(socket, Agent.Calls, QueueLength, stopping);
        return true;
    }
}
