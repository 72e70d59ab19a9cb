namespace Meerkat.Tool.Doctor;

/// <summary>Owner and mode of an entry, and what they have to forbid or allow.</summary>
/// <param name="Path">Relative to the device's root; empty for the root itself.</param>
/// <param name="Rule">What must hold.</param>
/// <param name="Mode">The permission bits.</param>
/// <param name="User">Its owner.</param>
/// <param name="Group">Its group.</param>
internal sealed record EntryRights(string Path, EntryRule Rule, int Mode, uint User, uint Group);
