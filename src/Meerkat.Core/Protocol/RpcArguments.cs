using System.Globalization;
using System.Text.Json;

namespace Meerkat.Core.Protocol;

/// <summary>
/// The arguments of a call. Reading is as forgiving as specification 7.1 where the meaning is plain (unknown keys are ignored, null
/// counts as absent, numbers may be quoted or hexadecimal) and refuses what it cannot mean, where the original would silently use
/// the default: the text names the key, what was expected and what was found.
/// </summary>
public sealed class RpcArguments
{
    private const int ShownCharacters = 40;

    private readonly JsonElement members;

    /// <exception cref="RpcException">The arguments are there and are no object.</exception>
    public RpcArguments(JsonElement arguments)
    {
        if (arguments.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined or JsonValueKind.Null))
        {
            throw new RpcException(RpcErrorCode.BadRequest, $"params must be an object, found {Describe(arguments)}");
        }
        members = arguments;
    }

    /// <summary>The value as it came, <see cref="JsonValueKind.Undefined"/> when the key is absent or null.</summary>
    public JsonElement this[string key] =>
        members.ValueKind == JsonValueKind.Object
        && members.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null
            ? value
            : default;

    public bool Has(string key) => this[key].ValueKind != JsonValueKind.Undefined;

    /// <summary>Whether the key is there, also with null as its value.</summary>
    public bool IsGiven(string key) => members.ValueKind == JsonValueKind.Object && members.TryGetProperty(key, out _);

    /// <summary>A text, or null when the key is absent.</summary>
    /// <exception cref="RpcException">The value is no string.</exception>
    public string? Text(string key)
    {
        var value = this[key];
        return value.ValueKind switch
        {
            JsonValueKind.Undefined => null,
            JsonValueKind.String => value.GetString(),
            _ => throw Wrong(key, "a string", value),
        };
    }

    /// <summary>A text that must be there and not empty; the refusal is <c>KEY is required</c>.</summary>
    /// <exception cref="RpcException">The value is absent, empty or no string.</exception>
    public string RequiredText(string key) =>
        Text(key) is { Length: > 0 } text ? text : throw new RpcException(RpcErrorCode.BadRequest, $"{key} is required");

    /// <summary>A whole number from <paramref name="min"/> to <paramref name="max"/>, or null when the key is absent.</summary>
    /// <exception cref="RpcException">The value is no whole number or out of range.</exception>
    public long? WholeNumber(string key, long min, long max)
    {
        var value = this[key];
        if (value.ValueKind == JsonValueKind.Undefined)
        {
            return null;
        }
        var text = value.ValueKind switch
        {
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.String => value.GetString(),
            _ => null,
        };
        return WholeNumbers.TryParse(text, out var number) && number >= min && number <= max
            ? number
            : throw Wrong(key, string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"), value);
    }

    /// <summary>True or false, or null when the key is absent. Also read: 1, 0 and quoted forms of the four.</summary>
    /// <exception cref="RpcException">The value is anything else.</exception>
    public bool? Flag(string key)
    {
        var value = this[key];
        return value.ValueKind switch
        {
            JsonValueKind.Undefined => null,
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number when value.GetRawText() is "1" => true,
            JsonValueKind.Number when value.GetRawText() is "0" => false,
            JsonValueKind.String when value.GetString() is "true" or "1" => true,
            JsonValueKind.String when value.GetString() is "false" or "0" => false,
            _ => throw Wrong(key, "true or false", value),
        };
    }

    /// <summary>Bytes written as base64 with padding, or null when the key is absent.</summary>
    /// <exception cref="RpcException">The value is no base64.</exception>
    public byte[]? Bytes(string key)
    {
        var value = this[key];
        if (value.ValueKind == JsonValueKind.Undefined)
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out var bytes)
            ? bytes
            : throw Wrong(key, "base64 with padding", value);
    }

    /// <summary>The value as the end of a sentence "found …": JSON, cut short when it is long.</summary>
    internal static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.Undefined => "nothing",
        JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null =>
            value.GetRawText() is { Length: > ShownCharacters } raw ? raw[..ShownCharacters] + "…" : value.GetRawText(),
    };

    private static RpcException Wrong(string key, string expected, JsonElement found) =>
        new(RpcErrorCode.BadRequest, $"{key} must be {expected}, found {Describe(found)}");
}
