using Meerkat.Boot.Log;
using Microsoft.Extensions.Logging;

namespace Meerkat.Agent;

/// <summary>What the framework has to say, one line each.</summary>
/// <param name="log">Takes the lines.</param>
/// <param name="level"><c>debug.level</c>. The framework tells two lines a request as information, which is detail for a device.</param>
internal sealed class LineLogger(AgentLog log, long level) : ILogger, ILoggerProvider
{
    /// <summary>
    /// The host's own words for a start that failed, which the program says shorter, and Kestrel's complaint that the rest of a request
    /// which timed out cannot be read.
    /// </summary>
    private static readonly string[] Unneeded = ["HostedServiceStartupFaulted", "RequestBodyDrainBodyReaderInvalidState"];

    /// <summary>The least that is told.</summary>
    public LogLevel Least => level switch
    {
        < 0 => LogLevel.None,
        0 => LogLevel.Error,
        1 or 2 => LogLevel.Warning,
        3 => LogLevel.Information,
        _ => LogLevel.Debug,
    };

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= Least && logLevel < LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel) && !Unneeded.Contains(eventId.Name))
        {
            var detail = exception is null ? "" : $": {exception.ToString().ReplaceLineEndings(" ")}";
            log.Write(new LogEvent("framework", formatter(state, exception).ReplaceLineEndings(" ") + detail)
            {
                Severity = logLevel switch
                {
                    LogLevel.Critical => Severity.Critical,
                    LogLevel.Error => Severity.Error,
                    LogLevel.Warning => Severity.Warning,
                    LogLevel.Information => Severity.Info,
                    _ => Severity.Debug,
                },
            });
        }
    }

    public void Dispose()
    {
        // Nothing is kept.
    }
}
