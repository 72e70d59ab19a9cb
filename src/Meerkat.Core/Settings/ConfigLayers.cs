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
    public static MergedConfig Merge(IEnumerable<ConfigLayer> layers)
    {
        var tree = BuiltInSettings.Defaults();
        var problems = ImmutableArray.CreateBuilder<ConfigProblem>();
        foreach (var layer in layers.OrderBy(layer => layer.Level))
        {
            switch (ConfigText.Parse(layer.Utf8.Span))
            {
                case ConfigText.Parsed(var settings):
                    var acl = layer.Level == ConfigLayer.Pinned ? ConfigAcl.AllowAll : AclOf(tree);
                    new Overlay(acl, layer.Name, problems).Apply(tree, settings, "");
                    break;
                case ConfigText.Rejected(var reason):
                    problems.Add(new ConfigProblem(ConfigProblemKind.Damaged, layer.Name, "", $"skipped, {reason}"));
                    break;
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
        return new MergedConfig(tree, problems.ToImmutable());
    }

    /// <summary>
    /// One change laid over settings in force, as <c>Config.Set</c> does. Neither argument is changed. The caller decides what problems
    /// mean: keys that are <see cref="ConfigProblemKind.Denied"/> are skipped silently by the original.
    /// </summary>
    public static MergedConfig Apply(JsonObject current, JsonObject change, string name)
    {
        var tree = current.DeepClone().AsObject();
        var problems = ImmutableArray.CreateBuilder<ConfigProblem>();
        new Overlay(AclOf(current), name, problems).Apply(tree, change, "");
        return new MergedConfig(tree, problems.ToImmutable());
    }

    private static string AclOf(JsonObject tree) =>
        tree["conf_acl"] is JsonValue value && value.TryGetValue<string>(out var list) ? list : ConfigAcl.AllowAll;

    private sealed class Overlay(string acl, string layer, ImmutableArray<ConfigProblem>.Builder problems)
    {
        public void Apply(JsonObject target, JsonObject source, string parentKey)
        {
            foreach (var (name, value) in source)
            {
                var key = ConfigPath.Join(parentKey, name);
                if (value is JsonObject group && BuiltInSettings.Find(key) is null)
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
            else if (BuiltInSettings.Find(key)?.Problem(value) is { } problem)
            {
                Report(ConfigProblemKind.WrongValue, key, problem);
            }
            else if (BuiltInSettings.IsGroup(key) || (target.TryGetPropertyValue(name, out var present) && present is JsonObject))
            {
                // One value in the place of a sub-tree would also remove keys that the access list protects.
                Report(ConfigProblemKind.WrongValue, key, $"[{key}] is not an object");
            }
            else
            {
                target[name] = value?.DeepClone();
            }
        }

        private void Report(ConfigProblemKind kind, string key, string text) =>
            problems.Add(new ConfigProblem(kind, layer, key, text));
    }
}
