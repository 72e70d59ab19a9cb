namespace Meerkat.Simulator.Machine;

/// <summary>The clock as one process has it: its timers end with it.</summary>
internal sealed class ProcessClock(SimClock clock, Func<bool> lives) : TimeProvider
{
    public override long TimestampFrequency => clock.TimestampFrequency;

    public override long GetTimestamp() => clock.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        clock.CreateTimer(_ => IfAlive(callback, state), null, dueTime, period);

    private void IfAlive(TimerCallback callback, object? state)
    {
        if (lives())
        {
            callback(state);
        }
    }
}
