using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;

namespace Meerkat.Core.Settings;

/// <summary>One key whose values have a type: one that Meerkat itself reads, or one of the firmware's own.</summary>
/// <param name="Key">Dotted: <c>update.timeout</c>.</param>
/// <param name="Kind">The type a value must have.</param>
/// <param name="Default">The value at level 0, as JSON.</param>
/// <param name="Title">What it is for, one line.</param>
public sealed record SettingDefinition(string Key, SettingKind Kind, string Default, string Title)
{
    private const int ShownCharacters = 40;

    /// <summary>The unit of a number for people: <c>s</c>, <c>bytes</c>; empty when it has none.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The smallest number accepted; none: as small as the type has them.</summary>
    public decimal? Min { get; init; }

    /// <summary>The largest number accepted; none: as large as the type has them.</summary>
    public decimal? Max { get; init; }

    /// <summary>The only values accepted, as JSON; empty: any.</summary>
    public ImmutableArray<string> Choices { get; init; } = [];

    /// <summary>Read by the boot loader before any layer is: only <c>board.json</c> can set it.</summary>
    public bool BoardOnly { get; init; }

    public JsonNode DefaultNode() => JsonNode.Parse(Default)!;

    /// <summary>
    /// Null when <paramref name="value"/> can be this setting's, otherwise what is wrong, in the words of specification 4.2:
    /// <c>[key] is not a number</c>, <c>is not a boolean</c>, <c>is not a string</c>, <c>failed to parse [text]</c>; numbers out of range
    /// and values that are none of the choices are ours to refuse.
    /// </summary>
    public string? Problem(JsonNode? value)
    {
        var found = value?.GetValueKind() ?? JsonValueKind.Null;
        var problem = Kind switch
        {
            SettingKind.Text => found == JsonValueKind.String ? null : $"[{Key}] is not a string",
            SettingKind.Flag => found is JsonValueKind.True or JsonValueKind.False ? null : $"[{Key}] is not a boolean",
            SettingKind.WholeNumber or SettingKind.Number => found == JsonValueKind.Number ? NumberProblem(value!) : $"[{Key}] is not a number",
        };
        return problem ?? (IsChoice(value) ? null : $"[{Key}] must be one of {string.Join(", ", Choices)}, found {Shown(value)}");
    }

    private bool IsChoice(JsonNode? value) =>
        Choices.IsEmpty || Choices.Any(choice => JsonNode.DeepEquals(JsonNode.Parse(choice), value));

    private string? NumberProblem(JsonNode value)
    {
        if (Kind == SettingKind.WholeNumber)
        {
            return WholeNumbers.TryParse(value.ToJsonString(), out var whole)
                ? RangeProblem(value, whole < Min, whole > Max)
                : $"[{Key}] failed to parse [{Shown(value)}]";
        }
        return double.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? RangeProblem(value, number < (double?)Min, number > (double?)Max)
            : $"[{Key}] failed to parse [{Shown(value)}]";
    }

    private string? RangeProblem(JsonNode value, bool tooSmall, bool tooLarge)
    {
        var range = (Min, Max) switch
        {
            ({ } min, { } max) => string.Create(CultureInfo.InvariantCulture, $"from {min} to {max}"),
            ({ } min, null) => string.Create(CultureInfo.InvariantCulture, $"at least {min}"),
            (null, { } max) => string.Create(CultureInfo.InvariantCulture, $"at most {max}"),
            _ => "",
        };
        return tooSmall || tooLarge ? $"[{Key}] must be {range}, found {Shown(value)}" : null;
    }

    private static string Shown(JsonNode? value)
    {
        var text = RpcJson.ToPretty(value);
        return text.Length > ShownCharacters ? text[..ShownCharacters] + "…" : text;
    }
}
