using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Meerkat.Core.Settings;

/// <summary>One key that Meerkat itself reads.</summary>
/// <param name="Key">Dotted: <c>update.timeout</c>.</param>
/// <param name="Kind">The type a value must have.</param>
/// <param name="Default">The value at level 0, as JSON.</param>
/// <param name="Title">What it is for, one line.</param>
public sealed record SettingDefinition(string Key, SettingKind Kind, string Default, string Title)
{
    /// <summary>The unit of a number for people: <c>s</c>, <c>bytes</c>; empty when it has none.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The smallest number accepted.</summary>
    public long Min { get; init; } = long.MinValue;

    /// <summary>The largest number accepted.</summary>
    public long Max { get; init; } = long.MaxValue;

    /// <summary>Read by the boot loader before any layer is: only <c>board.json</c> can set it.</summary>
    public bool BoardOnly { get; init; }

    public JsonNode DefaultNode() => JsonNode.Parse(Default)!;

    /// <summary>
    /// Null when <paramref name="value"/> can be this setting's, otherwise what is wrong, in the words of specification 4.2:
    /// <c>[key] is not a number</c>, <c>is not a boolean</c>, <c>is not a string</c>, <c>failed to parse [text]</c>; numbers out of range
    /// are ours to refuse.
    /// </summary>
    public string? Problem(JsonNode? value)
    {
        var found = value?.GetValueKind() ?? JsonValueKind.Null;
        return Kind switch
        {
            SettingKind.Text => found == JsonValueKind.String ? null : $"[{Key}] is not a string",
            SettingKind.Flag => found is JsonValueKind.True or JsonValueKind.False ? null : $"[{Key}] is not a boolean",
            SettingKind.WholeNumber => found == JsonValueKind.Number ? NumberProblem(value!) : $"[{Key}] is not a number",
        };
    }

    private string? NumberProblem(JsonNode value)
    {
        if (!Protocol.WholeNumbers.TryParse(value.ToJsonString(), out var number))
        {
            return $"[{Key}] failed to parse [{value.ToJsonString()}]";
        }
        return number < Min || number > Max
            ? string.Create(CultureInfo.InvariantCulture, $"[{Key}] must be from {Min} to {Max}, found {number}")
            : null;
    }
}
