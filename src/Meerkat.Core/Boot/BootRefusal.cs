namespace Meerkat.Core.Boot;

/// <summary>Why the boot loader refused a request.</summary>
public enum BootRefusal
{
    None = 0,
    RecordMoved,
    UpdateRunning,
    NotCommitted,
    NotRunningYet,
    AlreadyCommitted,
    TrialRunning,
    RecordNotWritable,
    WrongSlot,
    NotInvalidated,
    OnlyIntactSlot,
    Stopping,
    BadRequest,
    NothingHeld,
    UpdateHeld,
    NotBootable,
}
