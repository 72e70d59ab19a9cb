using Meerkat.Device;

namespace Meerkat.Agent.Channels;

/// <summary>
/// The connections of callers that come and go. When there are more than <c>rpc.max_non_persistent_channels</c>, the one that has been
/// silent for longest is closed: whoever holds connections open cannot keep others out.
/// </summary>
internal sealed class ChannelTable(DeviceAgent agent)
{
    private readonly Lock gate = new();
    private readonly LinkedList<Entry> byActivity = [];

    /// <summary>Enters a connection until the entry is disposed of.</summary>
    /// <param name="stopping">The program ends.</param>
    public Entry Enter(CancellationToken stopping)
    {
        var entry = new Entry(this, stopping);
        var crowded = new List<Entry>();
        lock (gate)
        {
            byActivity.AddLast(entry.Place);
            for (var most = agent.Config.Values.WholeNumber("rpc.max_non_persistent_channels"); byActivity.Count > most;)
            {
                crowded.Add(byActivity.First!.Value);
                byActivity.RemoveFirst();
            }
        }
        foreach (var silent in crowded)
        {
            silent.Close();
        }
        return entry;
    }

    private void Touch(Entry entry)
    {
        lock (gate)
        {
            if (entry.Place.List is not null)
            {
                byActivity.Remove(entry.Place);
                byActivity.AddLast(entry.Place);
            }
        }
    }

    private void Leave(Entry entry)
    {
        lock (gate)
        {
            if (entry.Place.List is not null)
            {
                byActivity.Remove(entry.Place);
            }
        }
    }

    /// <summary>One connection.</summary>
    internal sealed class Entry : IDisposable
    {
        private readonly ChannelTable table;
        private readonly CancellationTokenSource closing;

        public Entry(ChannelTable table, CancellationToken stopping)
        {
            this.table = table;
            closing = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            Place = new LinkedListNode<Entry>(this);
        }

        public LinkedListNode<Entry> Place { get; }

        /// <summary>Closed for want of room, or the program ends.</summary>
        public CancellationToken Closing => closing.Token;

        /// <summary>The caller has said something.</summary>
        public void Touch() => table.Touch(this);

        public void Close()
        {
            try
            {
                closing.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just left by itself.
            }
        }

        public void Dispose()
        {
            table.Leave(this);
            closing.Dispose();
        }
    }
}
