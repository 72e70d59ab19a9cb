namespace Meerkat.Boot.Log;

/// <summary>Events for everything that logs by <see cref="Action{T}"/> of text.</summary>
public static class EventLog
{
    /// <summary>
    /// Tells an event: with its fields where the log is a method of one that keeps them, else its words. Most of the code has
    /// nothing to log but words, and a list's Add is log enough for a test.
    /// </summary>
    public static void Tell(this Action<string> log, LogEvent happened)
    {
        if (log.Target is ILogEvents events)
        {
            events.Write(happened);
        }
        else
        {
            log(happened.Text);
        }
    }
}
