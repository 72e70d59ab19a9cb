using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Core.Settings;

namespace Meerkat.Tool.Devices;

/// <summary>A setting of a device as it is listed; of a key that has no type, the key and its value are all there is.</summary>
/// <param name="Key">Dotted.</param>
/// <param name="Json">What the device tells of it: an entry of <c>Config.Schema</c>.</param>
internal sealed record ListedSetting(string Key, JsonObject Json)
{
    private const int TopLevel = ConfigLayer.User;

    public string Value => Shown("value");

    public string Default => Shown("default");

    public string Title => Json["title"].Word ?? "";

    /// <summary>The type, the range and the unit, for people.</summary>
    public string Type
    {
        get
        {
            var kind = Json["type"].Word switch
            {
                "b" => "true or false",
                "i" => "whole number",
                "d" => "number",
                "s" => "text",
                var other => other ?? "",
            };
            var range = (Shown("min"), Shown("max")) switch
            {
                ("", "") => "",
                (var min, "") => $" from {min}",
                ("", var max) => $" to {max}",
                var (min, max) => $" {min} to {max}",
            };
            var unit = Json["unit"].Word is { Length: > 0 } word ? $" {word}" : "";
            var choices = Json["enum"] is JsonArray list ? ": " + string.Join(", ", list.Select(RpcJson.ToPretty)) : "";
            return kind + range + unit + choices;
        }
    }

    /// <summary>The level and the file that set it.</summary>
    public string SetBy => Json["level"].Number is { } level and <= TopLevel ? $"{level} {Json["from"].Word}" : Json["from"].Word ?? "";

    /// <summary>What the device knows of its settings, then the keys that it only has values of.</summary>
    /// <param name="known">The answer to <c>Config.Schema</c>; none from a device that has no such method.</param>
    /// <param name="values">The answer to <c>Config.Get</c>: a sub-tree or a value.</param>
    /// <param name="prefix">The key of that sub-tree; empty for all.</param>
    public static IReadOnlyList<ListedSetting> All(JsonArray? known, JsonNode? values, string prefix)
    {
        var listed = (known ?? []).OfType<JsonObject>()
            .Where(entry => entry["key"].Word is { Length: > 0 })
            .Select(entry => new ListedSetting(entry["key"].Word!, entry))
            .ToList();
        var keys = listed.Select(setting => setting.Key).ToHashSet(StringComparer.Ordinal);
        listed.AddRange(Leaves(prefix, values)
            .Where(leaf => !keys.Contains(leaf.Key))
            .Select(leaf => new ListedSetting(leaf.Key, new JsonObject { ["key"] = leaf.Key, ["value"] = leaf.Value?.DeepClone() })));
        return listed;
    }

    private static IEnumerable<(string Key, JsonNode? Value)> Leaves(string key, JsonNode? value) => value is JsonObject { Count: > 0 } group
        ? group.SelectMany(member => Leaves(key.Length == 0 ? member.Key : $"{key}.{member.Key}", member.Value))
        : [(key, value)];

    /// <summary>On one line.</summary>
    private string Shown(string name) =>
        Json.TryGetPropertyValue(name, out var value) ? Encoding.UTF8.GetString(RpcJson.ToUtf8(value)) : "";
}
