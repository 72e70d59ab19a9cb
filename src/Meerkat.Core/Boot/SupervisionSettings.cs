namespace Meerkat.Core.Boot;

/// <summary>The bounds that the boot loader keeps for a firmware; from <c>board.json</c>, never from a bundle.</summary>
public sealed record SupervisionSettings
{
    public ReadyMode Ready { get; init; } = ReadyMode.Alive;

    public TimeSpan ReadyTimeout { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan ReadyAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long ready must hold before a trial with commit timeout 0 commits by itself.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From SIGTERM to SIGKILL.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest silence between watchdog pings, once the firmware has sent the first; 0: not watched.</summary>
    public TimeSpan Watchdog { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Crashes in a row after which a committed firmware is left for the fallback; 0: never.</summary>
    public int MaxCrashes { get; init; }

    /// <summary>First boots that a trial gets, 1 to 255.</summary>
    public byte TrialAttempts { get; init; } = 1;

    /// <summary>The firmware hosts the agent itself.</summary>
    public bool AgentEmbedded { get; init; }

    public static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(60);
}
