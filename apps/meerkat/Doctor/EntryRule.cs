namespace Meerkat.Tool.Doctor;

/// <summary>What the firmware's user may do with an entry of a device.</summary>
internal enum EntryRule
{
    /// <summary>Not change it.</summary>
    MustNotWrite,

    /// <summary>Not even enter it.</summary>
    MustNotEnter,

    /// <summary>Change it.</summary>
    MustWrite,

    /// <summary>Nobody but the owner may use it.</summary>
    OwnerOnly,
}
