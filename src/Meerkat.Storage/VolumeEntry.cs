namespace Meerkat.Storage;

/// <summary>An entry of a directory, without following a link.</summary>
/// <param name="Name">The last component of its path.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Bytes">Length of a file; of other kinds, what the system says.</param>
/// <param name="Attributes">Mode, owner and time.</param>
public readonly record struct VolumeEntry(string Name, EntryKind Kind, long Bytes, EntryAttributes Attributes);
