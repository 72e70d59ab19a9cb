using System.Text.Json.Nodes;
using Meerkat.Core.Settings;

namespace Meerkat.Device.Configuration;

/// <summary>The keys that only <c>board.json</c> sets.</summary>
internal static class PinnedSettings
{
    /// <summary>The first key of a change that would alter a pinned one; none when it leaves all of them alone.</summary>
    public static string? FirstChanged(JsonObject change, JsonObject pinned, JsonObject live)
    {
        foreach (var (key, value) in Leaves(change, ""))
        {
            var isPinned = BuiltInSettings.Find(key) is { BoardOnly: true } || Covers(pinned, key);
            if (isPinned && !(ConfigPath.TryGet(live, key, out var now) && JsonNode.DeepEquals(now, value)))
            {
                return key;
            }
        }
        return null;
    }

    /// <summary>A copy of the settings in force in which every pinned key is as the layers below have it.</summary>
    public static JsonObject Without(JsonObject live, JsonObject pinned, JsonObject layers)
    {
        var plain = live.DeepClone().AsObject();
        foreach (var (key, _) in Leaves(pinned, ""))
        {
            if (ConfigPath.TryGet(layers, key, out var below))
            {
                ConfigPath.TrySet(plain, key, below?.DeepClone());
            }
            else
            {
                Remove(plain, key);
            }
        }
        return plain;
    }

    private static void Remove(JsonObject tree, string key)
    {
        var end = key.LastIndexOf('.');
        if (ConfigPath.TryGet(tree, end < 0 ? "" : key[..end], out var parent) && parent is JsonObject group)
        {
            group.Remove(key[(end + 1)..]);
        }
    }

    /// <summary>Whether the key, or a part of it from the left, is a pinned value.</summary>
    private static bool Covers(JsonObject pinned, string key)
    {
        JsonNode? at = pinned;
        foreach (var name in key.Split('.'))
        {
            if (at is not JsonObject group)
            {
                return true;
            }
            if (!group.TryGetPropertyValue(name, out at))
            {
                return false;
            }
        }
        return true;
    }

    private static IEnumerable<(string Key, JsonNode? Value)> Leaves(JsonObject tree, string parent)
    {
        foreach (var (name, value) in tree)
        {
            var key = parent.Length == 0 ? name : $"{parent}.{name}";
            if (value is JsonObject group)
            {
                foreach (var leaf in Leaves(group, key))
                {
                    yield return leaf;
                }
            }
            else
            {
                yield return (key, value);
            }
        }
    }
}
