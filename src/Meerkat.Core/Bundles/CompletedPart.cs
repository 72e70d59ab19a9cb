using Meerkat.Core.Values;

namespace Meerkat.Core.Bundles;

/// <summary>A part that was read whole and holds what was declared.</summary>
/// <param name="Sha256">Computed over the bytes handed on, whether or not the manifest declares one.</param>
public sealed record CompletedPart(ManifestPart Part, long SizeBytes, Digest Sha256)
{
    public string Name => Part.Name;
}
