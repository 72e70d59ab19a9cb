namespace Meerkat.Core.Bundles;

/// <summary>Why a bundle, or the file-system image in it, is refused.</summary>
/// <param name="Text">A sentence for people: what was expected, what was found, where.</param>
/// <param name="Offset">Bytes from the start of the archive (of the zip, or of the tar) to what is wrong.</param>
/// <param name="Entry">The zip entry or tar member in question, when there is one.</param>
public sealed record BundleProblem(BundleProblemCode Code, string Text, long Offset, string? Entry = null)
{
    public override string ToString() => Text;
}
