using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Core.Values;

namespace Meerkat.Core.Settings;

/// <summary>
/// A firmware's <c>conf_schema.json</c>: the list that Mongoose OS knows as <c>config_schema</c>, as JSON. An entry is
/// <c>[key, type, default, {attributes}]</c>, <c>[key, type, {attributes}]</c> (the default is then 0, false or empty) or
/// <c>[key, default]</c>, which gives a setting that is there another default. Types: <c>b</c>, <c>i</c>, <c>ui</c>, <c>d</c>, <c>s</c>, and
/// <c>o</c> for a group. Attributes read: <c>title</c>, <c>unit</c>, <c>min</c>, <c>max</c>, <c>enum</c>; others are passed over.
/// </summary>
/// <remarks>
/// A file that is wrong anywhere is left out whole: half of a schema would give half of the defaults. An entry about a key that is
/// not the firmware's to define is no such mistake; it alone is left out.
/// </remarks>
internal sealed class SettingSchemaFile
{
    private const int MaxDepth = 8;
    private const int MostKeyCharacters = 128;
    private const int MostNames = 16;
    private const int MostTextCharacters = 500;
    private const int MostChoices = 64;
    private const string Shapes = "[key, type, default, {attributes}], [key, type, {attributes}] or [key, default]";

    private readonly Dictionary<string, SettingDefinition> defined = new(StringComparer.Ordinal);
    private readonly List<string> order = [];
    private readonly HashSet<string> groups = new(StringComparer.Ordinal);
    private readonly HashSet<string> parents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SettingDefinition> builtIn =
        BuiltInSettings.All.ToDictionary(setting => setting.Key, StringComparer.Ordinal);

    private readonly ImmutableArray<ConfigProblem>.Builder problems = ImmutableArray.CreateBuilder<ConfigProblem>();

    private SettingSchemaFile()
    {
    }

    public static SettingSchema Read(ReadOnlySpan<byte> utf8)
    {
        var content = utf8.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;
        try
        {
            var file = new SettingSchemaFile();
            file.ReadList(StrictJson.Parse(content, MaxDepth));
            return new SettingSchema(
                [.. BuiltInSettings.All.Select(setting => file.builtIn[setting.Key]), .. file.order.Select(key => file.defined[key])],
                file.groups,
                file.problems.ToImmutable());
        }
        catch (JsonException fault)
        {
            return SettingSchema.Damaged($"not JSON: {fault.Message}");
        }
        catch (FormatException fault)
        {
            return SettingSchema.Damaged(fault.Message);
        }
    }

    private void ReadList(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException($"expected a list of {Shapes}, found {RpcArguments.Describe(list)}");
        }
        var overrides = new List<(string Key, JsonElement Default)>();
        var number = 0;
        foreach (var entry in list.EnumerateArray())
        {
            number++;
            if (entry.ValueKind != JsonValueKind.Array || entry.GetArrayLength() is < 2 or > 4)
            {
                throw new FormatException($"entry {number}: expected {Shapes}, found {RpcArguments.Describe(entry)}");
            }
            var key = Key(entry[0], number);
            if (entry.GetArrayLength() == 2)
            {
                overrides.Add((key, entry[1]));
            }
            else
            {
                ReadDefinition(key, entry);
            }
        }
        if (parents.FirstOrDefault(defined.ContainsKey) is { } both)
        {
            throw new FormatException($"{both} is a value, and other keys lie below it");
        }
        // Whatever the order of the entries: the original looks for the overridden ones at the end, too.
        overrides.ForEach(entry => Override(entry.Key, entry.Default));
    }

    private static string Key(JsonElement key, int number)
    {
        if (key.ValueKind != JsonValueKind.String || key.GetString() is not { Length: > 0 and <= MostKeyCharacters } name
            || name.Split('.') is not { Length: <= MostNames } names || names.Contains("") || name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            throw new FormatException(
                $"entry {number}: expected a key such as app.target (at most {MostKeyCharacters} characters and {MostNames} names, no blanks), found {RpcArguments.Describe(key)}");
        }
        return name;
    }

    private void ReadDefinition(string key, JsonElement entry)
    {
        var type = entry[1].ValueKind == JsonValueKind.String ? entry[1].GetString()! : "";
        var attributes = entry[entry.GetArrayLength() - 1];
        if (type is not ("b" or "i" or "ui" or "d" or "s" or "o"))
        {
            throw new FormatException($"{key}: expected the type b, i, ui, d, s or o, found {RpcArguments.Describe(entry[1])}");
        }
        if (attributes.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"{key}: expected attributes such as {{\"title\": \"...\"}} at the end of the entry, found {RpcArguments.Describe(attributes)}");
        }
        if (defined.ContainsKey(key) || (type != "o" && groups.Contains(key)))
        {
            throw new FormatException($"{key} is defined twice");
        }
        if (type == "o" && !IsWithinBuiltIn(key))
        {
            groups.Add(key);
            parents.UnionWith(ConfigPath.Parents(key).Append(key));
        }
        else if (type != "o")
        {
            var setting = Definition(key, type, entry.GetArrayLength() == 4 ? entry[2] : null, attributes);
            if (IsWithinBuiltIn(key) || SettingSchema.BuiltIn.IsGroup(key))
            {
                Ignore(key, "is built in and cannot be defined anew; [\"KEY\", DEFAULT] gives it another default");
                return;
            }
            defined.Add(key, setting);
            order.Add(key);
            parents.UnionWith(ConfigPath.Parents(key));
        }
    }

    /// <summary>The key is a built-in setting, or would lie below one.</summary>
    private static bool IsWithinBuiltIn(string key) =>
        ConfigPath.Parents(key).Append(key).Any(name => SettingSchema.BuiltIn.Find(name) is not null);

    private static SettingDefinition Definition(string key, string type, JsonElement? given, JsonElement attributes)
    {
        var kind = type switch
        {
            "b" => SettingKind.Flag,
            "s" => SettingKind.Text,
            "d" => SettingKind.Number,
            _ => SettingKind.WholeNumber,
        };
        var isNumber = kind is SettingKind.WholeNumber or SettingKind.Number;
        var setting = new SettingDefinition(key, kind, kind switch
        {
            SettingKind.Flag => "false",
            SettingKind.Text => "\"\"",
            SettingKind.WholeNumber or SettingKind.Number => "0",
        }, Text(key, attributes, "title"))
        {
            Unit = Text(key, attributes, "unit"),
            Min = isNumber ? Number(key, attributes, "min") ?? (type == "ui" ? 0 : null) : null,
            Max = isNumber ? Number(key, attributes, "max") : null,
        };
        if (type == "ui" && setting.Min < 0)
        {
            throw new FormatException($"{key}: the type ui has no numbers below 0, found the min {setting.Min}");
        }
        if (setting.Min > setting.Max)
        {
            throw new FormatException($"{key}: the min is larger than the max");
        }
        setting = setting with { Choices = Choices(setting, attributes) };
        return given is { } value ? WithDefault(setting, value) : Checked(setting, setting.DefaultNode());
    }

    private static ImmutableArray<string> Choices(SettingDefinition setting, JsonElement attributes)
    {
        if (!attributes.TryGetProperty("enum", out var list))
        {
            return [];
        }
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > MostChoices)
        {
            throw new FormatException($"{setting.Key}: enum must be a list of 1 to {MostChoices} values, found {RpcArguments.Describe(list)}");
        }
        foreach (var choice in list.EnumerateArray())
        {
            if (setting.Problem(Node(choice)) is { } problem)
            {
                throw new FormatException($"{setting.Key}: of the enum, {problem}");
            }
        }
        return [.. list.EnumerateArray().Select(choice => choice.GetRawText())];
    }

    private static SettingDefinition WithDefault(SettingDefinition setting, JsonElement value)
    {
        var node = Node(value);
        return Checked(setting with { Default = RpcJson.ToPretty(node) }, node);
    }

    private static SettingDefinition Checked(SettingDefinition setting, JsonNode? value) => setting.Problem(value) is { } problem
        ? throw new FormatException($"the default of {setting.Key}: {problem}")
        : setting;

    private void Override(string key, JsonElement value)
    {
        if (defined.TryGetValue(key, out var own))
        {
            defined[key] = WithDefault(own, value);
        }
        else if (!builtIn.TryGetValue(key, out var known))
        {
            Ignore(key, "is given another default, and nothing of that name is defined");
        }
        else if (known.BoardOnly)
        {
            Ignore(key, "can be set by board.json only");
        }
        else
        {
            builtIn[key] = WithDefault(known, value);
        }
    }

    private void Ignore(string key, string reason) =>
        problems.Add(new ConfigProblem(ConfigProblemKind.NotDefinable, SettingSchema.FileName, key, $"[{key}] {reason}"));

    private static JsonNode? Node(JsonElement value) => JsonNode.Parse(value.GetRawText());

    private static string Text(string key, JsonElement attributes, string name)
    {
        if (!attributes.TryGetProperty(name, out var value))
        {
            return "";
        }
        return value.ValueKind == JsonValueKind.String && value.GetString() is { Length: <= MostTextCharacters } text
            ? text
            : throw new FormatException($"{key}: {name} must be a text of at most {MostTextCharacters} characters, found {RpcArguments.Describe(value)}");
    }

    private static decimal? Number(string key, JsonElement attributes, string name)
    {
        if (!attributes.TryGetProperty(name, out var value))
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number)
            ? number
            : throw new FormatException($"{key}: {name} must be a number, found {RpcArguments.Describe(value)}");
    }
}
