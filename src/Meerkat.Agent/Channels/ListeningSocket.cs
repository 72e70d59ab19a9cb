using System.Net;
using System.Net.Sockets;
using Meerkat.Core.Access;
using Meerkat.Device;

namespace Meerkat.Agent.Channels;

/// <summary>Where a channel listens, from its setting.</summary>
internal static class ListeningSocket
{
    /// <param name="agent">The device.</param>
    /// <param name="key">The setting that has the address; empty: none is wished.</param>
    /// <exception cref="IOException">It is no address.</exception>
    public static IPEndPoint? EndPoint(DeviceAgent agent, string key)
    {
        var text = agent.Config.Values.Text(key);
        return text.Length == 0 || !agent.Config.Values.Flag("rpc.enable") ? null : ListenAddress.Parse(text, key) switch
        {
            ListenAddress.Parsed(var address, var port) => new IPEndPoint(address ?? IPAddress.IPv6Any, port),
            ListenAddress.Rejected(var reason) => throw new IOException(reason),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <summary>Every address means those of both versions.</summary>
    public static void Bind(Socket socket, IPEndPoint address)
    {
        if (address.Address.Equals(IPAddress.IPv6Any))
        {
            socket.DualMode = true;
        }
        socket.Bind(address);
    }
}
