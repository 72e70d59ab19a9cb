using System.Collections.Immutable;

namespace Meerkat.Core.Bundles;

/// <summary>The first entry of a bundle.</summary>
/// <param name="ManifestBytes">The manifest as stored, unpacked: what signatures are made over.</param>
/// <param name="Attributes">
/// The JSON object in the entry's extra field 0x293A (specification 2.2): <c>sig0</c>..<c>sig7</c> and the builder's own.
/// Values that are not texts are kept as raw JSON. Not covered by any signature.
/// </param>
public sealed record BundleHead(
    Manifest Manifest, ReadOnlyMemory<byte> ManifestBytes, ImmutableSortedDictionary<string, string> Attributes);
