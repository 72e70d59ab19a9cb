namespace Meerkat.Core.Bundles;

/// <summary>The answer of <see cref="Manifest.Parse"/>.</summary>
public abstract record ManifestParse
{
    private ManifestParse()
    {
    }

    public sealed record Parsed(Manifest Manifest) : ManifestParse;

    /// <param name="Reason">What is wrong, for people; says which member.</param>
    public sealed record Rejected(string Reason) : ManifestParse;
}
