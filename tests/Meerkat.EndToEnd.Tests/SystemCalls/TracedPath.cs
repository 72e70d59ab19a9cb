namespace Meerkat.EndToEnd.Tests.SystemCalls;

/// <summary>What a descriptor leads to.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Deleted">It has no name any more.</param>
internal sealed record TracedPath(string Path, bool Deleted);
