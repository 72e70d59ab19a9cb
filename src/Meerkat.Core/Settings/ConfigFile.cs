namespace Meerkat.Core.Settings;

/// <summary>A file that is a configuration layer.</summary>
/// <param name="Level">0 to 9.</param>
/// <param name="Name">The file's name at the root of the slot's file system.</param>
/// <param name="IsOneShot">It is deleted once it has been read at boot.</param>
public sealed record ConfigFile(int Level, string Name, bool IsOneShot);
