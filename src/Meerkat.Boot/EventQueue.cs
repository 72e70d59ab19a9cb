using System.Collections.Concurrent;

namespace Meerkat.Boot;

/// <summary>What happened on other threads, waiting to be taken one at a time by the one that supervises.</summary>
internal sealed class EventQueue : IDisposable
{
    private readonly BlockingCollection<Action> events = [];

    /// <summary>After the end of the supervision events have no meaning and are dropped.</summary>
    public void Add(Action happened)
    {
        try
        {
            events.Add(happened);
        }
        catch (Exception fault) when (fault is InvalidOperationException or ObjectDisposedException)
        {
            // The loop has ended between a thread's look at the world and this call.
        }
    }

    /// <summary>Waits for one event; none when the time is over first.</summary>
    public Action? Take(TimeSpan atMost) => events.TryTake(out var happened, atMost) ? happened : null;

    public void Dispose()
    {
        events.CompleteAdding();
        events.Dispose();
    }
}
