using System.Collections.Immutable;

namespace Meerkat.Core.Bundles;

/// <summary>What a bundle is to be made of.</summary>
/// <param name="BuildId">Null derives one from the parts' content, so that the same content has the same id.</param>
public sealed record BundleRecipe(
    string Name,
    string Platform,
    string Version,
    string? BuildId,
    ImmutableArray<PartRecipe> Parts)
{
    public string? BuildTimestamp { get; init; }

    public string? Description { get; init; }

    public ReadyRule? Ready { get; init; }

    /// <summary>Further top-level members of the manifest; the values are texts.</summary>
    public ImmutableSortedDictionary<string, string> Attributes { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;
}
