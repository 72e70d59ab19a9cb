namespace Meerkat.Core.Merge;

/// <summary>One entry that is copied from the old file system into the new one.</summary>
/// <param name="Path">Where, in both.</param>
/// <param name="Kind">A file, a directory or a link.</param>
/// <param name="Bytes">Length of a file.</param>
/// <param name="Replaces">The user's own file, which takes the place of whatever the new file system has there.</param>
public readonly record struct MergeStep(string Path, MergeKind Kind, long Bytes, bool Replaces);
