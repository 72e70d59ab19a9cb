using System.Net.WebSockets;
using Meerkat.Device;
using Meerkat.Rpc;
using Meerkat.Rpc.Channels;
using Meerkat.Rpc.Client;
using Meerkat.Rpc.WebSockets;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent.Channels;

/// <summary>
/// Dials <c>rpc.ws.server_address</c> and answers the calls that come from there (specification 7.3): how a device behind a router is
/// reached. A new address counts at once.
/// </summary>
internal sealed class DialedWebSocket(DeviceAgent agent, IHostApplicationLifetime lifetime) : PersistentChannel(agent, lifetime)
{
    private const string AddressKey = "rpc.ws.server_address";

    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingPause = TimeSpan.FromSeconds(30);

    protected override string Name => "calls by the dialled WebSocket";

    protected override TimeSpan ShortestPause => Seconds("rpc.ws.reconnect_interval_min");

    protected override TimeSpan LongestPause => Seconds("rpc.ws.reconnect_interval_max");

    protected override async Task<bool> ServeAsync(CancellationToken stopping)
    {
        using var changed = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var dialled = Agent.Config.Values.Text(AddressKey);
        Agent.Config.Changed += Look;
        try
        {
            if (dialled.Length == 0 || !Agent.Config.Values.Flag("rpc.enable") || !Agent.Config.Values.Flag("rpc.ws.enable"))
            {
                // A server may be named later.
                await Task.Delay(Timeout.InfiniteTimeSpan, Agent.Time, changed.Token);
            }
            try
            {
                await ServeAsync(dialled, changed.Token);
                Agent.Connections.FleetProblem = $"{dialled} closed the connection";
            }
            catch (Exception fault)
            {
                Agent.Connections.FleetProblem = fault.Message;
                throw;
            }
            Tell($"{Name}: {dialled} closed the connection; dialling again");
            return true;
        }
        catch (OperationCanceledException) when (changed.IsCancellationRequested && !stopping.IsCancellationRequested)
        {
            return true;
        }
        finally
        {
            Agent.Config.Changed -= Look;
        }

        void Look(object? sender, EventArgs e)
        {
            if (Agent.Config.Values.Text(AddressKey) != dialled)
            {
                changed.Cancel();
            }
        }
    }

    private async Task ServeAsync(string dialled, CancellationToken stopping)
    {
        if (!Uri.TryCreate(dialled, UriKind.Absolute, out var address) || address.Scheme is not ("ws" or "wss"))
        {
            throw new IOException($"{AddressKey} must be ws://HOST[:PORT]/PATH or wss://, found \"{dialled}\"");
        }
        var tls = Agent.Tls("rpc.ws");
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("json-rpc");
        socket.Options.SetRequestHeader("Origin", "https://mongoose-os.com");
        socket.Options.SetRequestHeader("X-MGOS-Device-ID", $"{Agent.Identity.Id} {Agent.Identity.Mac}");
        socket.Options.KeepAliveInterval = PingPause;
        socket.Options.KeepAliveTimeout = PingPause;
        using (var handler = new SocketsHttpHandler { SslOptions = tls.For(address.Host) })
        using (var invoker = new HttpMessageInvoker(handler))
        using (var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping))
        {
            deadline.CancelAfter(ConnectTime);
            try
            {
                await socket.ConnectAsync(address, invoker, deadline.Token);
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                throw new IOException($"{dialled} did not answer within {ConnectTime.TotalSeconds:0} s");
            }
            catch (WebSocketException fault)
            {
                throw new IOException(fault.InnerException is HttpRequestException http
                    ? RpcTransportException.From(address, http).Message
                    : $"{dialled} did not become a WebSocket: {fault.Message}");
            }
        }
        Tell($"{Name}: connected to {dialled}");
        Agent.Connections.FleetProblem = "";
        await using var connection = new WebSocketConnection(socket, Agent.Calls.MaxFrameBytes);
        var channel = tls.Authorities is null ? RpcChannels.WebSocketOut : RpcChannels.SecureWebSocketOut;
        await new FrameServing(Agent.Calls, QueueLength).RunAsync(connection, new RpcPeer(channel, dialled), stopping);
        stopping.ThrowIfCancellationRequested();
    }

    private TimeSpan Seconds(string key) => TimeSpan.FromSeconds(Agent.Config.Values.WholeNumber(key));
}
