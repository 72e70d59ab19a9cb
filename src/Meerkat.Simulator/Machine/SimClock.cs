namespace Meerkat.Simulator.Machine;

/// <summary>
/// Time that passes only when it is told to. Timers fire in the order of their moments, those of one moment in the order in which they
/// were set.
/// </summary>
public sealed class SimClock : TimeProvider
{
    private readonly PriorityQueue<SimTimer, (long Ticks, long Order)> due = new();
    private long ticks;
    private long wallOffset;
    private long order;

    /// <param name="wall">The wall clock at the beginning.</param>
    public SimClock(DateTimeOffset wall)
    {
        wallOffset = wall.UtcTicks;
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => ticks;

    public override DateTimeOffset GetUtcNow() => new(wallOffset + ticks, TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Somebody sets the wall clock; what has elapsed stays.</summary>
    public void SetWall(DateTimeOffset wall) => wallOffset = wall.UtcTicks - ticks;

    /// <summary>The next moment at which a timer fires, from now; none when none is set.</summary>
    public TimeSpan? Next
    {
        get
        {
            while (due.TryPeek(out var timer, out var at))
            {
                if (timer.Order == at.Order)
                {
                    return TimeSpan.FromTicks(Math.Max(0, at.Ticks - ticks));
                }
                due.Dequeue();
            }
            return null;
        }
    }

    /// <summary>Lets time pass, and fires what is due on the way.</summary>
    public void Advance(TimeSpan by)
    {
        var until = ticks + by.Ticks;
        while (Next is { } next && ticks + next.Ticks <= until)
        {
            due.TryDequeue(out var timer, out var at);
            ticks = Math.Max(ticks, at.Ticks);
            timer!.Fire();
        }
        ticks = until;
    }

    private sealed class SimTimer(SimClock clock, Action fire) : ITimer
    {
        private TimeSpan period = Timeout.InfiniteTimeSpan;

        /// <summary>Of its place in the queue; 0: it is not set.</summary>
        public long Order { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan every)
        {
            period = every;
            Order = 0;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                Set(dueTime);
            }
            return true;
        }

        public void Fire()
        {
            Order = 0;
            if (period > TimeSpan.Zero)
            {
                Set(period);
            }
            fire();
        }

        public void Dispose() => Order = 0;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(TimeSpan dueTime)
        {
            Order = ++clock.order;
            clock.due.Enqueue(this, (clock.ticks + dueTime.Ticks, Order));
        }
    }
}
