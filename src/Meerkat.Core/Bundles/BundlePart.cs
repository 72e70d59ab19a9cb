namespace Meerkat.Core.Bundles;

/// <summary>A part whose entry begins.</summary>
/// <param name="SizeBytes">Unpacked size by the entry's header; what the manifest declares is the same.</param>
public sealed record BundlePart(ManifestPart Part, long SizeBytes)
{
    public string Name => Part.Name;
}
