using System.Collections.Immutable;
using Meerkat.Core.Signing;

namespace Meerkat.Tool.Bundles;

/// <summary>The signatures among the attributes of a bundle.</summary>
internal static class BundleSignatures
{
    /// <summary>Their names, in order: <c>sig0</c> to <c>sig7</c>.</summary>
    public static IEnumerable<string> Names(IReadOnlyDictionary<string, string> attributes) =>
        Enumerable.Range(0, SignatureCheck.Places).Select(SignatureCheck.Name).Where(attributes.ContainsKey);

    /// <summary>What is known of each place that has a signature or a key, in the names of the keys' files.</summary>
    public static ImmutableArray<SignatureFinding> Look(
        ReadOnlySpan<byte> manifest, IReadOnlyDictionary<string, string> attributes, IReadOnlyDictionary<int, (string File, string Key)> keys)
    {
        ImmutableArray<string> byPlace = [.. Enumerable.Range(0, SignatureCheck.Places).Select(place => keys.GetValueOrDefault(place).Key ?? "")];
        return
        [
            .. SignatureCheck.Examine(manifest, attributes, byPlace)
                .Where(at => keys.ContainsKey(at.Place) || attributes.ContainsKey(SignatureCheck.Name(at.Place)))
                .Select(at => at with { Text = Text(at, keys.GetValueOrDefault(at.Place).File) }),
        ];
    }

    public static string Word(SignatureState state) => state switch
    {
        SignatureState.Holds => "holds",
        SignatureState.Missing => "missing",
        SignatureState.NoKey => "not checked",
        SignatureState.BadKey => "bad key",
        SignatureState.Malformed => "malformed",
        SignatureState.Wrong => "wrong",
    };

    private static string Text(SignatureFinding at, string? file) => at.State switch
    {
        SignatureState.Holds => $"sig{at.Place} holds under {file}",
        SignatureState.Missing => $"the bundle has no sig{at.Place}, which is to hold under {file}",
        SignatureState.NoKey => $"sig{at.Place} is there and was not checked: no --key {at.Place}=FILE",
        SignatureState.Wrong => $"sig{at.Place} does not hold under {file}: it was made with another key, or over another manifest",
        _ => at.Text,
    };
}
