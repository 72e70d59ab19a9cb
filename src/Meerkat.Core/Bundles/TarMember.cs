namespace Meerkat.Core.Bundles;

/// <summary>A member of a file-system image.</summary>
/// <param name="Path">Relative to the root, names joined by single slashes; no <c>.</c>, no <c>..</c>.</param>
/// <param name="Mode">Permission bits, 0 to 0777; set-user-id and its kin are dropped.</param>
/// <param name="ModifiedAt">Between 1970 and 9999, as the archive says.</param>
public sealed record TarMember(string Path, UnixFileMode Mode, DateTimeOffset ModifiedAt);
