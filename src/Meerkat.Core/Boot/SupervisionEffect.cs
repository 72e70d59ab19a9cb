namespace Meerkat.Core.Boot;

/// <summary>What the supervisor must do, in order, once the step's record (if any) is durable.</summary>
public abstract record SupervisionEffect
{
    private SupervisionEffect()
    {
    }

    public sealed record Answer(long Id, BootAnswer Reply) : SupervisionEffect;

    public sealed record StartFirmware : SupervisionEffect;

    /// <summary>Ends the firmware alone (SIGTERM, later SIGKILL); its exit comes as an event.</summary>
    public sealed record StopFirmware : SupervisionEffect;

    public sealed record StartAgent : SupervisionEffect;

    /// <summary>Ends firmware and agent and all their descendants; <see cref="SupervisionEvent.AllStopped"/> follows.</summary>
    public sealed record StopAll : SupervisionEffect;

    /// <summary>Keeps what a commit leaves behind: the mark in the slot's seal and the network settings.</summary>
    public sealed record KeepCommitted : SupervisionEffect;

    /// <summary>Keeps the last output of the slot that failed.</summary>
    public sealed record KeepOutput : SupervisionEffect;

    /// <summary>Removes what is left in the slot that does not run, when nothing can start it.</summary>
    public sealed record RemoveLeftovers : SupervisionEffect;

    public sealed record BootAgain : SupervisionEffect;

    public sealed record End : SupervisionEffect;
}
