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
    /// <param name="channel">The channel's name in access rules.</param>
    /// <exception cref="IOException">It is no address, or the board forbids to listen there without access rules.</exception>
    public static IPEndPoint? EndPoint(DeviceAgent agent, string key, string channel)
    {
        var text = agent.Config.Values.Text(key);
        if (text.Length > 0)
        {
            var exposure = Exposure.OfCalls(agent.Config.Values, key, channel);
            if (exposure.Refusal(agent.OpenRule) is { } refusal)
            {
                throw new IOException(refusal);
            }
            if (exposure is { Others: true, Missing.Length: > 0 })
            {
                agent.Log($"WARNING: {exposure.Warning}");
            }
        }
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
