using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Core.Values;

namespace Meerkat.Core.Settings;

/// <summary><c>KEY=VALUE</c> on a command line.</summary>
public abstract record SettingAssignment
{
    private SettingAssignment()
    {
    }

    public sealed record Parsed(string Key, JsonNode? Value) : SettingAssignment;

    public sealed record Rejected(string Reason) : SettingAssignment;

    /// <summary>
    /// The value takes the type of a built-in key, else the type of what <paramref name="current"/> has at the key (so that a digit
    /// password stays a text), else it is JSON where it parses as JSON, else text.
    /// </summary>
    /// <param name="text"><c>KEY=VALUE</c>; the value may hold further equals signs.</param>
    /// <param name="current">The settings in force, or null when they are not known.</param>
    public static SettingAssignment Parse(string text, JsonObject? current = null)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            return new Rejected($"expected KEY=VALUE, found \"{text}\"");
        }
        var key = text[..equals];
        if (key.Split('.').Contains("") || key.Any(char.IsWhiteSpace))
        {
            return new Rejected($"expected a key such as update.timeout before the equals sign, found \"{key}\"");
        }
        if (BuiltInSettings.IsGroup(key))
        {
            return new Rejected($"{key} is a group of settings; set one of them, such as {FirstBelow(key)}");
        }
        return BuiltInSettings.Find(key) is { } known
            ? ParseKnown(known, text[(equals + 1)..])
            : ParseFree(key, text[(equals + 1)..], current);
    }

    private static string FirstBelow(string group) =>
        BuiltInSettings.All.First(s => s.Key.StartsWith(group + ".", StringComparison.Ordinal)).Key;

    private static SettingAssignment ParseKnown(SettingDefinition known, string value)
    {
        var node = known.Kind switch
        {
            SettingKind.Text => JsonValue.Create(value),
            SettingKind.Flag when value is "true" or "false" => JsonValue.Create(value == "true"),
            SettingKind.WholeNumber when WholeNumbers.TryParse(value, out var number) => JsonValue.Create(number),
            SettingKind.Number when TryParseJson(value, out var json) && json?.GetValueKind() == JsonValueKind.Number => json,
            SettingKind.Flag or SettingKind.WholeNumber or SettingKind.Number => null,
        };
        if (node is null)
        {
            var expected = known.Kind switch
            {
                SettingKind.Flag => "true or false",
                SettingKind.Number => "a number",
                _ => "a whole number",
            };
            return new Rejected($"{known.Key} must be {expected}, found \"{value}\"");
        }
        return known.Problem(node) is { } problem ? new Rejected(problem) : new Parsed(known.Key, node);
    }

    private static SettingAssignment ParseFree(string key, string value, JsonObject? current)
    {
        JsonNode? present = null;
        var known = current is not null && ConfigPath.TryGet(current, key, out present);
        var kind = known ? present?.GetValueKind() ?? JsonValueKind.Null : JsonValueKind.Undefined;
        var json = TryParseJson(value, out var node) ? node?.GetValueKind() ?? JsonValueKind.Null : JsonValueKind.Undefined;
        return kind switch
        {
            JsonValueKind.String => new Parsed(key, value),
            JsonValueKind.Number when json != JsonValueKind.Number => new Rejected($"{key} must be a number, found \"{value}\""),
            JsonValueKind.True or JsonValueKind.False when json is not (JsonValueKind.True or JsonValueKind.False) =>
                new Rejected($"{key} must be true or false, found \"{value}\""),
            JsonValueKind.Object when json != JsonValueKind.Object =>
                new Rejected($"{key} is a group of settings; set one of them, or give a JSON object"),
            _ => new Parsed(key, json == JsonValueKind.Undefined ? value : node),
        };
    }

    private static bool TryParseJson(string value, out JsonNode? node)
    {
        try
        {
            node = StrictJson.ParseNode(Encoding.UTF8.GetBytes(value), RpcFrame.MaxDepth);
            return true;
        }
        catch (JsonException)
        {
            node = null;
            return false;
        }
    }
}
