namespace Meerkat.Core.Boot;

/// <summary>What the boot record says of a slot. Numbers are stored.</summary>
public enum SlotState : byte
{
    /// <summary>Nothing here may be started.</summary>
    Empty = 0,

    /// <summary>Installed, verified and sealed; not started yet.</summary>
    Written = 1,

    /// <summary>Started at least once, not committed.</summary>
    Trial = 2,

    /// <summary>Marked good.</summary>
    Committed = 3,

    /// <summary>Was given up; never starts again without a new installation.</summary>
    Failed = 4,
}
