namespace Meerkat.Boot;

/// <summary>Where the device's own programs leave their lines. What the firmware prints is <see cref="SlotOutput"/>'s.</summary>
public static class LogFiles
{
    public const string Agent = "log/agent.log";
    public const string Boot = "log/boot.log";

    /// <summary>What the probes of the last trial with a health contract found; the agent writes it.</summary>
    public const string Health = "log/health.json";

    /// <summary>Where a full log is moved to.</summary>
    public static string Older(string path) => path + ".1";
}
