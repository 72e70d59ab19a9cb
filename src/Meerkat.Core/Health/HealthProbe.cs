namespace Meerkat.Core.Health;

/// <summary>One thing that must hold before a trial commits by itself.</summary>
public abstract record HealthProbe
{
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    private HealthProbe(string name, string kind)
    {
        Name = name;
        Kind = kind;
    }

    /// <summary>What people call it; no two of a contract have the same.</summary>
    public string Name { get; }

    /// <summary>The member of <c>health.json</c> that names it: <c>http</c>.</summary>
    public string Kind { get; }

    /// <summary>One run that takes longer did not hold; 1 s to 10 minutes.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>The firmware's process runs.</summary>
    public sealed record Alive(string Name) : HealthProbe(Name, "alive");

    /// <summary>The firmware is ready, by the rule that <c>ready</c> of the manifest or the board names.</summary>
    public sealed record Ready(string Name) : HealthProbe(Name, "ready");

    /// <param name="Name">Of the probe.</param>
    /// <param name="Url">Asked with GET; a redirection is not followed.</param>
    /// <param name="Status">The status that must come; none: any from 200 to 299.</param>
    public sealed record Http(string Name, Uri Url, int? Status) : HealthProbe(Name, "http");

    /// <summary>A connection can be made.</summary>
    public sealed record Tcp(string Name, string Host, int Port) : HealthProbe(Name, "tcp");

    /// <summary>The line of shell ends with exit code 0.</summary>
    public sealed record Command(string Name, string Line) : HealthProbe(Name, "command");

    /// <summary>The device is connected to its MQTT broker.</summary>
    public sealed record Mqtt(string Name) : HealthProbe(Name, "mqtt");

    /// <summary>The fleet's server can be reached.</summary>
    public sealed record Fleet(string Name) : HealthProbe(Name, "fleet");

    /// <summary>The health checks of an application that hosts the agent. No contract names it: it is added where there is one.</summary>
    public sealed record Application(string Name) : HealthProbe(Name, "application");
}
