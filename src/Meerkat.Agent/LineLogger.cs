using Microsoft.Extensions.Logging;

namespace Meerkat.Agent;

/// <summary>What the framework has to say, from warnings on, one line each.</summary>
internal sealed class LineLogger(Action<string> write) : ILogger, ILoggerProvider
{
    /// <summary>
    /// The host's own words for a start that failed, which the program says shorter, and Kestrel's complaint that the rest of a request
    /// which timed out cannot be read.
    /// </summary>
    private static readonly string[] Unneeded = ["HostedServiceStartupFaulted", "RequestBodyDrainBodyReaderInvalidState"];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Warning and < LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel) && !Unneeded.Contains(eventId.Name))
        {
            var detail = exception is null ? "" : $": {exception.ToString().ReplaceLineEndings(" ")}";
            write(formatter(state, exception).ReplaceLineEndings(" ") + detail);
        }
    }

    public void Dispose()
    {
        // Nothing is kept.
    }
}
