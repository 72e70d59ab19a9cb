using System.Net.Sockets;
using Meerkat.Device;
using Meerkat.Rpc;
using Meerkat.Rpc.Channels;
using Meerkat.Rpc.Streams;
using Microsoft.Extensions.Hosting;

namespace Meerkat.Agent.Channels;

/// <summary>Answers callers that connect to a stream socket (specification 7.5 without checksums, unless the caller sends them).</summary>
internal abstract class StreamListener(DeviceAgent agent, ChannelTable table, IHostApplicationLifetime lifetime)
    : PersistentChannel(agent, lifetime)
{
    /// <summary>The channel's name in access rules.</summary>
    protected abstract string Channel { get; }

    /// <summary>A socket that listens; none where no such channel is wished.</summary>
    protected abstract Socket? Listen();

    protected override async Task<bool> ServeAsync(CancellationToken stopping)
    {
        using var listener = Listen();
        if (listener is null)
        {
            return false;
        }
        Tell($"{Name}: answering on {listener.LocalEndPoint}");
        while (true)
        {
            Begin(await listener.AcceptAsync(stopping), stopping);
        }
    }

    private void Begin(Socket caller, CancellationToken stopping) => _ = AnswerAsync(caller, stopping);

    private async Task AnswerAsync(Socket caller, CancellationToken stopping)
    {
        using var entry = table.Enter(stopping);
        var peer = new RpcPeer(Channel, caller.RemoteEndPoint?.ToString() ?? "");
        await using var connection = new StreamConnection(
            new NetworkStream(caller, ownsSocket: true),
            StreamOptions.Device(Agent.Calls.MaxFrameBytes, reason => Agent.Log($"{Name}: {peer.Address}: dropped {reason}")));
        var serving = new FrameServing(Agent.Calls, QueueLength)
        {
            IdleLimit = TimeSpan.FromSeconds(Agent.Config.Values.WholeNumber("rpc.idle_close_timeout")),
            OnFrame = entry.Touch,
        };
        await serving.RunAsync(connection, peer, entry.Closing);
    }
}
