namespace Meerkat.Core.Boot;

/// <summary>What can happen while a slot runs. Events are taken one at a time.</summary>
public abstract record SupervisionEvent
{
    private SupervisionEvent()
    {
    }

    public sealed record FirmwareStartFailed(string Text) : SupervisionEvent;

    public sealed record FirmwareReady : SupervisionEvent;

    public sealed record FirmwarePinged : SupervisionEvent;

    public sealed record FirmwareExited(ExitStatus Status) : SupervisionEvent;

    public sealed record AgentReady : SupervisionEvent;

    /// <param name="Status">How it ended.</param>
    /// <param name="LastWords">The last line it printed.</param>
    public sealed record AgentExited(ExitStatus Status, string LastWords = "") : SupervisionEvent;

    /// <param name="Id">Which answer belongs to it.</param>
    /// <param name="Connection">Who asks; also the holder of the lease of a running installation.</param>
    /// <param name="Request">What is asked.</param>
    public sealed record Requested(long Id, long Connection, BootRequest Request) : SupervisionEvent;

    public sealed record Disconnected(long Connection) : SupervisionEvent;

    /// <summary>The boot loader is told to end (SIGTERM, SIGINT).</summary>
    public sealed record EndAsked : SupervisionEvent;

    /// <summary>Firmware and agent are gone, with all their descendants.</summary>
    public sealed record AllStopped : SupervisionEvent;

    public sealed record TimePassed : SupervisionEvent;
}
