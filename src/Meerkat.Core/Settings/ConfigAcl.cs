using System.Text.Json.Nodes;

namespace Meerkat.Core.Settings;

/// <summary>
/// An access list over keys (specification 4.2): entries parted by commas, each a <see cref="Glob"/> with an optional <c>+</c> or <c>-</c>
/// before it. The first entry that matches the whole key decides; a key that none matches is refused, and so is every key by an
/// empty list.
/// </summary>
public static class ConfigAcl
{
    /// <summary>Allows everything; in force before the first layer.</summary>
    public const string AllowAll = "*";

    /// <summary>The list that settings hold.</summary>
    public static string Of(JsonObject settings) =>
        settings["conf_acl"] is JsonValue value && value.TryGetValue<string>(out var list) ? list : AllowAll;

    public static bool Allows(string list, string key)
    {
        foreach (var range in list.AsSpan().Split(','))
        {
            var entry = list.AsSpan(range).Trim();
            var refuses = entry is ['-', ..];
            var pattern = entry is ['-' or '+', ..] ? entry[1..] : entry;
            if (pattern.Length > 0 && Glob.Matches(pattern.ToString(), key))
            {
                return !refuses;
            }
        }
        return false;
    }
}
