using System.Net.Sockets;
using Meerkat.Device;
using Meerkat.Rpc;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent.Channels;

/// <summary>
/// Calls from the device itself, by <c>run/agent.sock</c>: only the agent's own user may connect, so whoever calls there owns the device
/// and needs no credentials. It is the way in when access rules have locked everybody out.
/// </summary>
internal sealed class UnixChannel(DeviceAgent agent, ChannelTable table, IHostApplicationLifetime lifetime)
    : StreamListener(agent, table, lifetime)
{
    protected override string Name => "calls on the device";

    protected override string Channel => RpcChannels.Local;

    protected override Socket? Listen()
    {
        if (!Agent.Config.Values.Flag("rpc.enable"))
        {
            return null;
        }
        var path = Agent.SocketPath;
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(path);
            socket.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
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
