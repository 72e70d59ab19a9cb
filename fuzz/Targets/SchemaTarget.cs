using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Core.Settings;

namespace Meerkat.Fuzz.Targets;

/// <summary><c>conf_schema.json</c>.</summary>
internal sealed class SchemaTarget : Target
{
    private static readonly JsonMutations Json = new(
        "b", "i", "ui", "d", "s", "o", "title", "unit", "min", "max", "enum", "app", "app.x", "app.x.y", "update", "update.timeout", "update.url.x",
        "boot.settle", "conf_acl", "a..b");

    public override string Name => "schema";

    // The built-in settings, their defaults as a tree, and the firmware's of both.
    public override MemoryBound Memory => new(1 << 20, 512);

    public override byte[] Generate(Random chance) => Encoding.UTF8.GetBytes($$$"""
        [["app", "o", {"title": "The application"}], ["app.x", "d", {{{chance.Next(5, 30)}}}.5, {"title": "X", "unit": "m", "min": 5, "max": 30.5}],
         ["app.n", "{{{chance.Pick(["i", "ui"])}}}", {"max": {{{chance.Next(9)}}}}], ["app.mode", "s", "slow", {"enum": ["slow", "fast"], "hide": true}],
         ["app.on", "b", {{{chance.Pick(["true", "false"])}}}, {}], ["app.mode", "fast"], ["update.timeout", {{{chance.Next(1, 1000)}}}]]
        """);

    public override byte[] Mutate(byte[] input, byte[] other, Random chance) => Json.Mutate(input, other, chance);

    public override object? Parse(byte[] input) => SettingSchema.Parse(input);

    public override bool Accepted(object? parsed) => ((SettingSchema)parsed!).Problems.IsEmpty;

    public override void Examine(byte[] input, object? parsed)
    {
        var schema = (SettingSchema)parsed!;
        FindingException.Unless(schema.Problems.All(problem => problem.Text.Length is > 0 and < 1000), "a problem without words, or with too many");
        // Whatever it says of keys that are not its own, what the device reads keeps its type and its range.
        foreach (var known in BuiltInSettings.All)
        {
            FindingException.Unless(schema.Find(known.Key) is { } found && found with { Default = known.Default } == known, $"{known.Key} is another setting");
            FindingException.Unless(!known.BoardOnly || schema.Find(known.Key) == known, $"{known.Key} is given another default");
        }
        var tree = schema.Defaults();
        foreach (var setting in schema.All)
        {
            FindingException.Unless(
                ConfigPath.TryGet(tree, setting.Key, out var value) && setting.Problem(value) is null, $"{setting.Key} has a default that it does not take");
        }
        FindingException.Unless(
            ConfigText.Parse(ConfigText.Format(tree)) is ConfigText.Parsed(var again) && JsonNode.DeepEquals(again, tree), "defaults that are others when written and read");
        FindingException.Unless(
            ConfigLayers.Merge([new ConfigLayer(0, "conf0.json", ConfigText.Format(tree))], schema).Problems.Length == schema.Problems.Length,
            "its own defaults do not fit it");
    }
}
