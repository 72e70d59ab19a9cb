namespace Meerkat.Storage;

/// <summary>What a copy keeps of an entry.</summary>
/// <param name="Mode">The permission bits, including set-id and sticky: 0 to 07777.</param>
/// <param name="User">Numeric owner.</param>
/// <param name="Group">Numeric group.</param>
/// <param name="Modified">Time of the last change of the contents.</param>
public readonly record struct EntryAttributes(int Mode, uint User, uint Group, DateTimeOffset Modified);
