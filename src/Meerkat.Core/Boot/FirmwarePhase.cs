namespace Meerkat.Core.Boot;

/// <summary>Where the firmware's process stands.</summary>
public enum FirmwarePhase
{
    /// <summary>There is no firmware to run (recovery), or it is about to be started again.</summary>
    Absent,
    Starting,
    Ready,
    Stopping,
}
