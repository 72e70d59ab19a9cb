using System.Collections.Immutable;
using Meerkat.Core.Values;

namespace Meerkat.Core.Bundles;

/// <summary>One part of a manifest (specification 1.4).</summary>
/// <param name="Type">The role (<c>app</c>, <c>fs</c>, ...); empty when not given.</param>
/// <param name="Src">Name of the entry that carries the bytes, without its top folder; null for a part that is only filled.</param>
/// <param name="Size">Bytes; null when not given.</param>
/// <param name="CsSha1">40 lower-case hexadecimal digits.</param>
/// <param name="Attributes">Every other member as raw JSON text.</param>
public sealed record ManifestPart(
    string Name,
    string Type,
    string? Src,
    long? Size,
    string? CsSha1,
    Digest? CsSha256,
    ImmutableSortedDictionary<string, string> Attributes);
