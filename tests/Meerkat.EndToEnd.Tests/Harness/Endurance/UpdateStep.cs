namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>Where an update stands, told from outside: by the boot record, the files of the slots and the device's own words.</summary>
internal enum UpdateStep
{
    /// <summary>Nothing is under way: before the update, or after its end.</summary>
    Idle,

    /// <summary>The bundle arrives, and nothing has been written.</summary>
    Receive,

    /// <summary>The record says that the target is empty; what was in it is being removed.</summary>
    Invalidate,

    /// <summary>Parts go into the slot.</summary>
    Write,

    /// <summary>Every part is there in full; the archive's end is read and all of it checked and flushed.</summary>
    Verify,

    /// <summary>The manifest is there, or comes; the seal is not.</summary>
    Seal,

    /// <summary>The slot is sealed; the record does not know it yet.</summary>
    Arm,

    /// <summary>The record starts the new slot next; the old firmware runs, or is being ended.</summary>
    Restart,

    /// <summary>A merge has been counted.</summary>
    Merge,

    /// <summary>The trial is charged; the firmware has not noted its start.</summary>
    TrialStart,

    /// <summary>The new firmware runs, uncommitted.</summary>
    Trial,

    /// <summary>A commit was asked for and has not been answered.</summary>
    Commit,

    /// <summary>The record has given the new slot up; its files are still there.</summary>
    FallBack,
}
