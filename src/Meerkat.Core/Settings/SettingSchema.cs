using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Meerkat.Core.Settings;

/// <summary>
/// The settings whose values have a type: those that Meerkat reads and those that the firmware's <c>conf_schema.json</c> adds. Keys
/// that are not among them may have any value.
/// </summary>
public sealed class SettingSchema
{
    /// <summary>The schema's file at the root of a slot's file system.</summary>
    public const string FileName = "conf_schema.json";

    private readonly Dictionary<string, SettingDefinition> byKey;
    private readonly HashSet<string> groups = new(StringComparer.Ordinal);

    /// <param name="all">No key twice, and none below another.</param>
    /// <param name="groups">Further keys that are objects, though nothing is defined below them.</param>
    /// <param name="problems">What was left out.</param>
    internal SettingSchema(
        ImmutableArray<SettingDefinition> all, IEnumerable<string> groups, ImmutableArray<ConfigProblem> problems)
    {
        All = all;
        Problems = problems;
        byKey = all.ToDictionary(setting => setting.Key, StringComparer.Ordinal);
        foreach (var key in all.Select(setting => setting.Key))
        {
            this.groups.UnionWith(ConfigPath.Parents(key));
        }
        foreach (var group in groups)
        {
            this.groups.Add(group);
            this.groups.UnionWith(ConfigPath.Parents(group));
        }
    }

    /// <summary>What Meerkat reads, and nothing of a firmware.</summary>
    public static SettingSchema BuiltIn { get; } = new(BuiltInSettings.All, [], []);

    /// <summary>The built-in ones first, then the firmware's in the order of its file.</summary>
    public ImmutableArray<SettingDefinition> All { get; }

    /// <summary>What of the firmware's file was left out, and why.</summary>
    public ImmutableArray<ConfigProblem> Problems { get; }

    /// <summary>Reads the firmware's file; what cannot be used is left out and reported, so that there always is a schema.</summary>
    public static SettingSchema Parse(ReadOnlySpan<byte> utf8) => SettingSchemaFile.Read(utf8);

    /// <summary>The built-in settings, and why the firmware's are not there.</summary>
    public static SettingSchema Damaged(string reason) =>
        new(BuiltInSettings.All, [], [new ConfigProblem(ConfigProblemKind.Damaged, FileName, "", $"skipped, {reason}")]);

    /// <summary>The definition of a key, or null when it may have any value. Keys are compared exactly.</summary>
    public SettingDefinition? Find(string key) => byKey.GetValueOrDefault(key);

    /// <summary>Whether the key must be an object because of what is defined below it.</summary>
    public bool IsGroup(string key) => groups.Contains(key);

    /// <summary>Level 0 as a tree, a new one at each call.</summary>
    public JsonObject Defaults()
    {
        var tree = new JsonObject();
        foreach (var setting in All)
        {
            ConfigPath.TrySet(tree, setting.Key, setting.DefaultNode());
        }
        return tree;
    }
}
