using Meerkat.Boot.Log;

namespace Meerkat.Agent;

/// <summary>What the agent has to say: lines on standard error, with the fields of events where the boot loader wants them.</summary>
internal sealed class AgentLog : ILogEvents
{
    private readonly bool fields = Environment.GetEnvironmentVariable(EventLine.Variable) is { Length: > 0 };

    /// <summary><c>debug.level</c>. Errors are told at every level: the boot loader takes the reason of a failed start from them.</summary>
    public long Level { get; set; } = 2;

    public void Write(string line) => Write(EventLine.Plain(line));

    public void Write(LogEvent happened)
    {
        var least = happened.Severity switch
        {
            <= Severity.Error => -1,
            Severity.Warning => 1,
            <= Severity.Info => 2,
            _ => 3,
        };
        if (Level >= least)
        {
            Console.Error.WriteLine(fields ? EventLine.Write(happened) : EventLine.Prefix + happened.Text);
        }
    }
}
