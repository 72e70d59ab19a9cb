using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;

namespace Meerkat.Core.Settings;

/// <summary>Dotted keys of a configuration tree. Names are compared exactly; the empty key is the whole tree.</summary>
public static class ConfigPath
{
    /// <summary>What stands at a key: a sub-tree or a value. A JSON null counts as there, with <paramref name="value"/> null.</summary>
    public static bool TryGet(JsonObject tree, string key, out JsonNode? value)
    {
        value = tree;
        if (key.Length == 0)
        {
            return true;
        }
        foreach (var name in key.Split('.'))
        {
            if (value is not JsonObject parent || !parent.TryGetPropertyValue(name, out value))
            {
                value = null;
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// Puts a value at a key and makes the objects on the way. False, and the tree unchanged, when a value stands where an object
    /// is needed, a name in the key is empty, or the key is deeper than a configuration can be.
    /// </summary>
    /// <param name="tree">Changed in place.</param>
    /// <param name="key">Dotted.</param>
    /// <param name="value">Without a parent; becomes part of the tree.</param>
    public static bool TrySet(JsonObject tree, string key, JsonNode? value)
    {
        var names = key.Split('.');
        if (names.Length >= RpcFrame.MaxDepth || names.Contains("") || !TryWalk(tree, names, out var parent))
        {
            return false;
        }
        parent[names[^1]] = value;
        return true;
    }

    /// <summary>The keys that a key lies below, outermost first: <c>a</c> and <c>a.b</c> of <c>a.b.c</c>.</summary>
    internal static IEnumerable<string> Parents(string key) =>
        Enumerable.Range(0, key.Length).Where(at => key[at] == '.').Select(dot => key[..dot]);

    internal static string Join(string parent, string name) => parent.Length == 0 ? name : $"{parent}.{name}";

    private static bool TryWalk(JsonObject tree, string[] names, [NotNullWhen(true)] out JsonObject? parent)
    {
        parent = null;
        var at = tree;
        var depth = 0;
        for (; depth < names.Length - 1 && at.TryGetPropertyValue(names[depth], out var next); depth++)
        {
            if (next is not JsonObject deeper)
            {
                return false;
            }
            at = deeper;
        }
        for (; depth < names.Length - 1; depth++)
        {
            var made = new JsonObject();
            at[names[depth]] = made;
            at = made;
        }
        parent = at;
        return true;
    }
}
