namespace Meerkat.Boot.Log;

/// <summary>A log that keeps the fields of events. Its plain lines go into a method that serves as <see cref="Action{T}"/>.</summary>
public interface ILogEvents
{
    void Write(string line);

    void Write(LogEvent happened);
}
