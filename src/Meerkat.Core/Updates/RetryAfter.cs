namespace Meerkat.Core.Updates;

/// <summary>How long a server that has too much to do asks to be left alone (RFC 9110, section 10.2.3).</summary>
public static class RetryAfter
{
    /// <summary>A server that asks for more is asked again after this.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>No device was made before this; a clock that shows less has not been set.</summary>
    public static readonly DateTimeOffset EarliestClock = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>From zero to a day; none when the server says nothing that can be understood.</summary>
    /// <param name="delay">What it said, as a time.</param>
    /// <param name="date">What it said, as a date.</param>
    /// <param name="serverNow">The server's clock in the same answer: a device whose own clock is wrong can tell the difference.</param>
    /// <param name="deviceNow">The device's clock.</param>
    public static TimeSpan? Of(TimeSpan? delay, DateTimeOffset? date, DateTimeOffset? serverNow, DateTimeOffset deviceNow)
    {
        var said = delay ?? (date is { } until
            ? serverNow is { } theirs ? until - theirs
                : deviceNow >= EarliestClock ? until - deviceNow : null
            : null);
        return said switch
        {
            null => null,
            { } some when some < TimeSpan.Zero => TimeSpan.Zero,
            { } some => some < Longest ? some : Longest,
        };
    }
}
