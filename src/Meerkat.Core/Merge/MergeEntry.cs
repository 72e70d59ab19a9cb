namespace Meerkat.Core.Merge;

/// <summary>An entry of the old or the new file system.</summary>
/// <param name="Path">Relative to the file system's root, names joined by <c>/</c>.</param>
/// <param name="Kind">What it is; links are never followed.</param>
/// <param name="Bytes">Length of a file, 0 or more.</param>
public readonly record struct MergeEntry(string Path, MergeKind Kind, long Bytes);
