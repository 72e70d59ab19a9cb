using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Core.Settings;

namespace Meerkat.Fuzz.Targets;

/// <summary>Configuration layers, laid over each other; layers of an input are parted by a record separator (0x1E).</summary>
internal sealed class ConfigTarget : Target
{
    private const byte Separator = 0x1E;

    private static readonly JsonMutations Json = new(
        [.. BuiltInSettings.All.SelectMany(setting => setting.Key.Split('.')).Distinct(), .. BuiltInSettings.All.Select(setting => setting.Key),
            "conf_acl", "*", "-*", "app.*,-app.x", "+*", ",", "app", "x"]);

    public override string Name => "config";

    // The layers, the built-in defaults, and a copy of every value.
    public override MemoryBound Memory => new(1 << 20, 256);

    public override byte[] Generate(Random chance) => Encoding.UTF8.GetBytes(string.Join((char)Separator, Enumerable.Range(0, chance.Next(1, 4)).Select(_ =>
        chance.Pick([
            "", """{"update":{"timeout":60,"enable_post":false},"app":{"x":1}}""", """{"conf_acl":"app.*,-app.x","app":{"y":2.50}}""",
            """{"http":{"listen_addr":"0.0.0.0:80"},"device":{"id":"d"}}""", """{"app":{"x":{"deep":[1,null]}}}"""]))));

    public override byte[] Mutate(byte[] input, byte[] other, Random chance)
    {
        var layers = Layers(input).ToList();
        var at = chance.Next(layers.Count);
        switch (chance.Next(6))
        {
            case 0 when layers.Count < 8: layers.Insert(at, chance.Pick(Layers(other).ToList())); break;
            case 1 when layers.Count > 1: layers.RemoveAt(at); break;
            default: layers[at] = Json.Mutate(layers[at], other, chance); break;
        }
        return [.. layers.SelectMany(layer => layer.Append(Separator)).SkipLast(1)];
    }

    public override object? Parse(byte[] input) =>
        ConfigLayers.Merge(Layers(input).Select((layer, level) => new ConfigLayer(Math.Min(level, ConfigLayer.Pinned), $"conf{level}.json", layer)));

    public override bool Accepted(object? parsed) => ((MergedConfig)parsed!).Problems.All(problem => problem.Kind != ConfigProblemKind.Damaged);

    public override void Examine(byte[] input, object? parsed)
    {
        var merged = (MergedConfig)parsed!;
        FindingException.Unless(merged.Problems.All(problem => problem.ToString().Length > 0), "a problem without words");
        // Whatever the layers say, everything that the device reads of itself can be read.
        var values = new SettingValues(merged.Tree);
        foreach (var setting in BuiltInSettings.All)
        {
            object value = setting.Kind switch
            {
                SettingKind.Text => values.Text(setting.Key),
                SettingKind.Flag => values.Flag(setting.Key),
                SettingKind.WholeNumber or SettingKind.Number => values.WholeNumber(setting.Key),
            };
            FindingException.Unless(value is not long number || setting.Problem(number) is null, $"{setting.Key} is out of range: {value}");
        }
        // As it is written to run/config.json, and read from there.
        FindingException.Unless(
            ConfigText.Parse(ConfigText.Format(merged.Tree)) is ConfigText.Parsed(var again) && JsonNode.DeepEquals(again, merged.Tree),
            "settings that are others when written and read");
        // As it is saved: only what differs.
        var below = BuiltInSettings.Defaults();
        var saved = ConfigDiff.Diff(merged.Tree, below);
        FindingException.Unless(ConfigDiff.Diff(merged.Tree, Laid(saved, below)).Count == 0, "what would be saved does not give the settings in force");
    }

    /// <summary>One tree over another, without rules: the plainest way to lay a difference back.</summary>
    private static JsonObject Laid(JsonObject over, JsonObject below)
    {
        foreach (var (name, value) in over)
        {
            if (value is JsonObject group && below[name] is JsonObject beneath)
            {
                Laid(group, beneath);
            }
            else
            {
                below[name] = value?.DeepClone();
            }
        }
        return below;
    }

    private static IEnumerable<byte[]> Layers(byte[] input)
    {
        var start = 0;
        for (var at = 0; at <= input.Length; at++)
        {
            if (at == input.Length || input[at] == Separator)
            {
                yield return input[start..at];
                start = at + 1;
            }
        }
    }
}
