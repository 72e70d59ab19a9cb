namespace Meerkat.Core.Bundles;

/// <summary>One part of a bundle to be written.</summary>
/// <param name="Src">Name of the entry in the archive, at most 49 bytes.</param>
/// <param name="Open">
/// Opens the bytes from their beginning; called twice, and both times they must be the same. The caller of
/// <paramref name="Open"/> disposes the stream.
/// </param>
public sealed record PartRecipe(string Name, string Type, string Src, Func<Stream> Open);
