using Meerkat.Device;

namespace Meerkat.Agent.Channels;

/// <summary>Closes a connection whose caller has been silent for <c>rpc.idle_close_timeout</c>.</summary>
internal sealed class IdleWatch : IDisposable
{
    private readonly ChannelTable.Entry entry;
    private readonly TimeSpan limit;
    private readonly ITimer? timer;

    public IdleWatch(DeviceAgent agent, ChannelTable.Entry entry)
    {
        this.entry = entry;
        limit = TimeSpan.FromSeconds(agent.Config.Values.WholeNumber("rpc.idle_close_timeout"));
        timer = limit > TimeSpan.Zero ? agent.Time.CreateTimer(_ => entry.Close(), null, limit, Timeout.InfiniteTimeSpan) : null;
    }

    /// <summary>The caller has said something.</summary>
    public void Touch()
    {
        entry.Touch();
        timer?.Change(limit, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => timer?.Dispose();
}
