using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Meerkat.Core.Settings;

/// <summary>
/// Lays configuration layers over each other (specification 4.2). Two things differ from the original, whose keys are compiled in:
/// keys that we do not know are kept, because firmware in any language defines its own; and a null or array is a type error only
/// for keys we know.
/// </summary>
public static class ConfigLayers
{
    /// <summary>
    /// The settings in force: built-in defaults, then the layers in the order of their levels. The <c>conf_acl</c> in force after the
    /// layers below governs the next one. A damaged layer is skipped, a wrong value is skipped; both are reported, neither stops.
    /// </summary>
    /// <param name="layers">In any order; of one level, the later one is laid over the earlier one.</param>
    /// <param name="schema">Gives the defaults, and the types that values must have.</param>
    public static MergedConfig Merge(IEnumerable<ConfigLayer> layers, SettingSchema schema)
    {
        var tree = schema.Defaults();
        var problems = schema.Problems.ToBuilder();
        var origins = new Dictionary<string, ConfigLayer>(StringComparer.Ordinal);
        foreach (var layer in layers.OrderBy(layer => layer.Level))
        {
            switch (layer.Unreadable is { } fault ? new ConfigText.Rejected(fault) : ConfigText.Parse(layer.Utf8.Span))
            {
                case ConfigText.Parsed(var settings):
                    var acl = layer.Level == ConfigLayer.Pinned ? ConfigAcl.AllowAll : ConfigAcl.Of(tree);
                    new Overlay(acl, layer, schema, problems, origins).Apply(tree, settings, "");
                    break;
                case ConfigText.Rejected(var reason):
                    problems.Add(new ConfigProblem(ConfigProblemKind.Damaged, layer.Name, "", $"skipped, {reason}"));
                    break;
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
        return new MergedConfig(tree, problems.ToImmutable()) { Origins = origins };
    }

    /// <summary>As <see cref="Merge(IEnumerable{ConfigLayer}, SettingSchema)"/>, of a firmware without a schema.</summary>
    public static MergedConfig Merge(IEnumerable<ConfigLayer> layers) => Merge(layers, SettingSchema.BuiltIn);

    /// <summary>
    /// One change laid over settings, as <c>Config.Set</c> does. Neither tree is changed. The caller decides what problems mean: keys
    /// that are <see cref="ConfigProblemKind.Denied"/> are skipped silently by the original.
    /// </summary>
    /// <param name="current">What is changed.</param>
    /// <param name="change">The keys that get another value.</param>
    /// <param name="name">Of the change, for messages.</param>
    /// <param name="schema">Gives the types that values must have.</param>
    /// <param name="acl">Which keys may be changed.</param>
    public static MergedConfig Apply(JsonObject current, JsonObject change, string name, SettingSchema schema, string acl)
    {
        var tree = current.DeepClone().AsObject();
        var problems = ImmutableArray.CreateBuilder<ConfigProblem>();
        var origins = new Dictionary<string, ConfigLayer>(StringComparer.Ordinal);
        new Overlay(acl, new ConfigLayer(ConfigLayer.User, name, default), schema, problems, origins).Apply(tree, change, "");
        return new MergedConfig(tree, problems.ToImmutable()) { Origins = origins };
    }

    private sealed class Overlay(
        string acl, ConfigLayer layer, SettingSchema schema, ImmutableArray<ConfigProblem>.Builder problems, Dictionary<string, ConfigLayer> origins)
    {
        public void Apply(JsonObject target, JsonObject source, string parentKey)
        {
            foreach (var (name, value) in source)
            {
                var key = ConfigPath.Join(parentKey, name);
                if (name.Contains('.', StringComparison.Ordinal) && schema.Find(key) is not null)
                {
                    // {"update.timeout": 5} is {"update": {"timeout": 5}} to the original. Only of keys that are known: a firmware's own
                    // names may hold dots.
                    var nested = new JsonObject();
                    ConfigPath.TrySet(nested, name, value?.DeepClone());
                    Apply(target, nested, parentKey);
                }
                else if (value is JsonObject group && schema.Find(key) is null)
                {
                    ApplyGroup(target, name, group, key);
                }
                else
                {
                    ApplyValue(target, name, value, key);
                }
            }
        }

        private void ApplyGroup(JsonObject target, string name, JsonObject group, string key)
        {
            if (target.TryGetPropertyValue(name, out var present) && present is not JsonObject)
            {
                Report(ConfigProblemKind.WrongValue, key, $"[{key}] is an object where a layer below has a value");
                return;
            }
            if (present is JsonObject existing)
            {
                Apply(existing, group, key);
                return;
            }
            var made = new JsonObject();
            Apply(made, group, key);
            if (made.Count > 0 || (group.Count == 0 && ConfigAcl.Allows(acl, key)))
            {
                target[name] = made;
            }
        }

        private void ApplyValue(JsonObject target, string name, JsonNode? value, string key)
        {
            if (!ConfigAcl.Allows(acl, key))
            {
                Report(ConfigProblemKind.Denied, key, $"[{key}] may not be set here (conf_acl)");
            }
            else if (schema.Find(key)?.Problem(value) is { } problem)
            {
                Report(ConfigProblemKind.WrongValue, key, problem);
            }
            else if (schema.IsGroup(key) || (target.TryGetPropertyValue(name, out var present) && present is JsonObject))
            {
                // One value in the place of a sub-tree would also remove keys that the access list protects.
                Report(ConfigProblemKind.WrongValue, key, $"[{key}] is not an object");
            }
            else
            {
                target[name] = value?.DeepClone();
                origins[key] = layer;
            }
        }

        private void Report(ConfigProblemKind kind, string key, string text) =>
            problems.Add(new ConfigProblem(kind, layer.Name, key, text));
    }
}
