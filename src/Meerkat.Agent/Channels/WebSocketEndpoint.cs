using System.Net;
using Meerkat.Device;
using Meerkat.Rpc;
using Meerkat.Rpc.Channels;
using Meerkat.Rpc.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Meerkat.Agent.Channels;

/// <summary>Calls by WebSocket at <c>/rpc</c> (specification 7.3).</summary>
internal sealed class WebSocketEndpoint(DeviceAgent agent, HttpAccess access, ChannelTable table, CancellationToken stopping)
{
    private static readonly WebSocketOptions Options = new()
    {
        KeepAliveInterval = TimeSpan.FromSeconds(30),
        KeepAliveTimeout = TimeSpan.FromSeconds(60),
    };

    /// <summary>Takes requests for a WebSocket, and leaves the others to what answers here besides.</summary>
    public RequestDelegate Or(IEndpointRouteBuilder endpoints, RequestDelegate other)
    {
        var pipeline = endpoints.CreateApplicationBuilder();
        pipeline.UseWebSockets(Options);
        pipeline.Run(context => context.WebSockets.IsWebSocketRequest ? AnswerAsync(context) : other(context));
        return pipeline.Build();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (!agent.Config.Values.Flag("rpc.ws.enable"))
        {
            await Answers.TextAsync(context, StatusCodes.Status503ServiceUnavailable, "WS is disabled\r\n");
            return;
        }
        using var entry = table.Enter(stopping);
        // Clients of the original offer one and refuse an answer with another.
        var offered = context.WebSockets.WebSocketRequestedProtocols;
        using var socket = await context.WebSockets.AcceptWebSocketAsync(offered is [var first, ..] ? first : null);
        await using var connection = new WebSocketConnection(socket, agent.Calls.MaxFrameBytes);
        var address = context.Connection.RemoteIpAddress is { } remote ? new IPEndPoint(remote, context.Connection.RemotePort).ToString() : "";
        var serving = new FrameServing(agent.Calls, (int)agent.Config.Values.WholeNumber("rpc.max_queue_length")) { OnFrame = entry.Touch };
        await serving.RunAsync(connection, new RpcPeer(RpcChannels.WebSocketIn, address, access.UserOfCall(context)), entry.Closing);
    }
}
