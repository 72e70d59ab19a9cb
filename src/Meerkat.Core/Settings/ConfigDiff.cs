using System.Text.Json.Nodes;

namespace Meerkat.Core.Settings;

/// <summary>What a layer must hold so that, laid over the layers below, it gives the settings in force.</summary>
public static class ConfigDiff
{
    /// <summary>
    /// The keys of <paramref name="current"/> whose values differ from those <paramref name="below"/> or are missing there; a new tree.
    /// Keys that only <paramref name="below"/> has cannot be expressed by a layer and are left out.
    /// </summary>
    public static JsonObject Diff(JsonObject current, JsonObject below)
    {
        var difference = new JsonObject();
        foreach (var (name, value) in current)
        {
            var known = below.TryGetPropertyValue(name, out var beneath);
            if (value is JsonObject group && beneath is JsonObject groupBeneath)
            {
                var inner = Diff(group, groupBeneath);
                if (inner.Count > 0)
                {
                    difference[name] = inner;
                }
            }
            else if (!known || !JsonNode.DeepEquals(value, beneath))
            {
                difference[name] = value?.DeepClone();
            }
        }
        return difference;
    }
}
