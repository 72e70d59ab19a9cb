using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Meerkat.Core.Settings;

/// <summary>The result of laying layers over each other.</summary>
/// <param name="Tree">The settings in force. Owned by the caller.</param>
/// <param name="Problems">What was left out, in the order it was found.</param>
public sealed record MergedConfig(JsonObject Tree, ImmutableArray<ConfigProblem> Problems)
{
    /// <summary>Which layer set a key last, of those keys that a layer set.</summary>
    public required IReadOnlyDictionary<string, ConfigLayer> Origins { get; init; }
}
