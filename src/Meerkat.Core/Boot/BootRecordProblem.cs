namespace Meerkat.Core.Boot;

/// <summary>Why a copy of the boot record cannot be used.</summary>
public enum BootRecordProblem
{
    Missing,
    WrongLength,
    WrongMagic,
    WrongChecksum,
    WrongField,

    /// <summary>Intact, but of a format that only a newer program understands.</summary>
    NewerFormat,
}
