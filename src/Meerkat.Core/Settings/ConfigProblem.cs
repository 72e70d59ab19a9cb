namespace Meerkat.Core.Settings;

/// <summary>Something in a layer that was left out.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Layer">The layer's name.</param>
/// <param name="Key">The key, empty when the whole layer is meant.</param>
/// <param name="Text">For people; type errors have the words of specification 4.2.</param>
public sealed record ConfigProblem(ConfigProblemKind Kind, string Layer, string Key, string Text)
{
    public override string ToString() => $"{Layer}: {Text}";
}
