using Microsoft.Extensions.Logging;

namespace Meerkat.Agent;

/// <summary>The device's lines in the application's log; on standard error until the application has one.</summary>
internal sealed partial class HostedLog
{
    private volatile ILogger? logger;

    public void Use(ILogger own) => logger = own;

    public void Write(string line)
    {
        if (logger is { } own)
        {
            Line(own, line);
        }
        else
        {
            Console.Error.WriteLine("meerkat: " + line);
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "{Line}")]
    private static partial void Line(ILogger logger, string line);
}
