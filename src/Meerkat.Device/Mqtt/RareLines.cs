namespace Meerkat.Device.Mqtt;

/// <summary>Lines that strangers can cause as many of as they like: one in ten seconds is written, and how many were not.</summary>
internal sealed class RareLines(Action<string> log, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <summary>Topics and frames may be long.</summary>
    private const int MostLetters = 300;

    private readonly Lock gate = new();
    private long? last;
    private long unwritten;

    public void Write(string line)
    {
        long before;
        lock (gate)
        {
            if (last is { } then && time.GetElapsedTime(then) < Pause)
            {
                unwritten++;
                return;
            }
            last = time.GetTimestamp();
            before = unwritten;
            unwritten = 0;
        }
        var text = line.Length > MostLetters ? line[..MostLetters] + "…" : line;
        log(before > 0 ? FormattableString.Invariant($"{text} ({before} lines like it were left out before)") : text);
    }
}
