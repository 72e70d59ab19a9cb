using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Meerkat.Core.Values;

namespace Meerkat.Core.Bundles;

/// <summary>Reads one manifest. The first thing found wrong is the reason; reading goes on without harm.</summary>
internal sealed class ManifestParser(BundleLimits limits)
{
    private const int MaxTypeBytes = 32;
    private const int MaxPartNameBytes = 128;

    private string? reason;

    public ManifestParse Parse(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > limits.ManifestBytes)
        {
            return new ManifestParse.Rejected(
                $"the manifest has {utf8.Length} bytes; at most {limits.ManifestBytes} are accepted");
        }
        try
        {
            var manifest = Read(StrictJson.Parse(utf8, limits.ManifestDepth));
            return reason is null ? new ManifestParse.Parsed(manifest!) : new ManifestParse.Rejected(reason);
        }
        catch (JsonException e)
        {
            return new ManifestParse.Rejected($"the manifest is not valid JSON: {e.Message}");
        }
    }

    private Manifest? Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            Refuse($"the manifest must be a JSON object, not {Kind(root)}");
            return null;
        }
        var fields = new Fields();
        var attributes = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var member in root.EnumerateObject())
        {
            ReadMember(fields, attributes, member);
        }
        RequireFields(fields);
        return reason is not null
            ? null
            : new Manifest(fields.Name ?? "", fields.Platform!, fields.Version!, fields.BuildId!,
                fields.BuildTimestamp, fields.Description, fields.Ready, fields.Parts!, attributes.ToImmutable());
    }

    private void ReadMember(
        Fields fields, ImmutableSortedDictionary<string, string>.Builder attributes, JsonProperty member)
    {
        var value = member.Value;
        switch (member.Name)
        {
            case "name": fields.Name = Text("name", value, Manifest.MaxNameBytes); break;
            case "platform": fields.Platform = Text("platform", value, Manifest.MaxPlatformBytes); break;
            case "version": fields.Version = Text("version", value, Manifest.MaxVersionBytes); break;
            case "build_id": fields.BuildId = Text("build_id", value, Manifest.MaxBuildIdBytes); break;
            case "build_timestamp": fields.BuildTimestamp = Text("build_timestamp", value, 64); break;
            case "description": fields.Description = FreeText("description", value); break;
            case "ready": fields.Ready = Readiness(value); break;
            case "parts": fields.Parts = ReadParts(value); break;
            default: attributes.Add(member.Name, value.GetRawText()); break;
        }
    }

    private void RequireFields(Fields fields)
    {
        Require("platform", fields.Platform);
        Require("version", fields.Version);
        Require("build_id", fields.BuildId);
        if (fields.Parts is null)
        {
            Refuse("the manifest lacks the required field 'parts'");
        }
    }

    private void Require(string field, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            Refuse($"the manifest lacks the required field '{field}'");
        }
    }

    private ImmutableSortedDictionary<string, ManifestPart>? ReadParts(JsonElement parts)
    {
        if (parts.ValueKind != JsonValueKind.Object)
        {
            Refuse($"'parts' must be an object, not {Kind(parts)}");
            return null;
        }
        if (parts.GetPropertyCount() > limits.Entries)
        {
            Refuse($"'parts' has {parts.GetPropertyCount()} members; at most {limits.Entries} are accepted");
            return null;
        }
        var read = ImmutableSortedDictionary.CreateBuilder<string, ManifestPart>(StringComparer.Ordinal);
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in parts.EnumerateObject())
        {
            var part = ReadPart(member.Name, member.Value);
            if (part is null)
            {
                return null;
            }
            if (part.Src is not null && !sources.TryAdd(part.Src, part.Name))
            {
                Refuse($"the parts '{sources[part.Src]}' and '{part.Name}' both name the file '{part.Src}'");
            }
            read.Add(part.Name, part);
        }
        return read.ToImmutable();
    }

    private ManifestPart? ReadPart(string name, JsonElement part)
    {
        if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > MaxPartNameBytes || name.Any(char.IsControl))
        {
            Refuse($"a part's name must have 1 to {MaxPartNameBytes} bytes and no control characters");
            return null;
        }
        if (part.ValueKind != JsonValueKind.Object)
        {
            Refuse($"part '{name}' must be an object, not {Kind(part)}");
            return null;
        }
        var read = new ManifestPart(name, "", null, null, null, null, ImmutableSortedDictionary<string, string>.Empty);
        var attributes = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var member in part.EnumerateObject())
        {
            var where = $"part '{name}': {member.Name}";
            var value = member.Value;
            switch (member.Name)
            {
                case "type": read = read with { Type = Text(where, value, MaxTypeBytes) ?? "" }; break;
                case "src": read = read with { Src = Source(where, value) }; break;
                case "size": read = read with { Size = Size(where, value) }; break;
                case "cs_sha1": read = read with { CsSha1 = Hex(where, value, 40) }; break;
                case "cs_sha256": read = read with { CsSha256 = Sha256(where, value) }; break;
                default: attributes.Add(member.Name, value.GetRawText()); break;
            }
        }
        return read with { Attributes = attributes.ToImmutable() };
    }

    private string? Source(string where, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            Refuse($"{where} is an object: a part made of a whole folder is not supported, pack it into one file");
            return null;
        }
        var text = Text(where, value, limits.NameBytes);
        if (text is not null && (EntryName.Complaint(text) ?? OwnName(text)) is { } complaint)
        {
            Refuse($"{where} '{EntryName.Printable(text)}' {complaint}");
        }
        return text;
    }

    private static string? OwnName(string text) =>
        text == EntryName.Manifest ? "is the manifest itself" : text.EndsWith('/') ? "is a folder" : null;

    /// <summary>A whole number, bare or quoted, decimal or 0x; a leading zero is refused because devices read it as octal.</summary>
    private long? Size(string where, JsonElement value)
    {
        if (value.ValueKind is not (JsonValueKind.Number or JsonValueKind.String))
        {
            Refuse($"{where} must be a whole number, not {Kind(value)}");
            return null;
        }
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        long number = 0;
        var isNumber = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            : (text.Length == 1 || !text.StartsWith('0'))
                && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
        if (!isNumber)
        {
            Refuse($"{where} must be a whole number, not {EntryName.Printable(text)}");
            return null;
        }
        if (number < 0 || number > limits.PartBytes)
        {
            Refuse($"{where} is {text}; it must be between 0 and {limits.PartBytes}");
            return null;
        }
        return number;
    }

    private string? Hex(string where, JsonElement value, int digits)
    {
        var text = Text(where, value, 2 * digits);
        if (text is null || (text.Length == digits && text.All(char.IsAsciiHexDigit)))
        {
            return text?.ToLowerInvariant();
        }
        Refuse($"{where} must be {digits} hexadecimal digits, not '{text}'");
        return null;
    }

    private Digest? Sha256(string where, JsonElement value) =>
        Digest.TryParse(Hex(where, value, 2 * Digest.Length), out var digest) ? digest : null;

    private ReadyRule? Readiness(JsonElement value)
    {
        switch (Text("ready", value, 16))
        {
            case "alive": return ReadyRule.Alive;
            case "notify": return ReadyRule.Notify;
            case { } other: Refuse($"'ready' must be \"notify\" or \"alive\", not \"{other}\""); return null;
            case null: return null;
        }
    }

    private string? Text(string where, JsonElement value, int maxBytes)
    {
        var text = FreeText(where, value);
        if (text is null)
        {
            return null;
        }
        if (Encoding.UTF8.GetByteCount(text) > maxBytes)
        {
            Refuse($"{where} has {Encoding.UTF8.GetByteCount(text)} bytes; at most {maxBytes} are accepted");
            return null;
        }
        if (text.Any(char.IsControl))
        {
            Refuse($"{where} holds a control character");
            return null;
        }
        return text;
    }

    private string? FreeText(string where, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }
        Refuse($"{where} must be a text, not {Kind(value)}");
        return null;
    }

    private void Refuse(string text) => reason ??= text;

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a truth value",
        _ => "null",
    };

    private sealed class Fields
    {
        public string? Name { get; set; }
        public string? Platform { get; set; }
        public string? Version { get; set; }
        public string? BuildId { get; set; }
        public string? BuildTimestamp { get; set; }
        public string? Description { get; set; }
        public ReadyRule? Ready { get; set; }
        public ImmutableSortedDictionary<string, ManifestPart>? Parts { get; set; }
    }
}
