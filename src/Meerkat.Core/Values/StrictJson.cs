using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Meerkat.Core.Values;

/// <summary>
/// Reads JSON that others wrote, so that whoever has the result can read and write all of it. System.Text.Json alone looks at a text
/// only when it is asked for; one with half of a surrogate pair (<c>"\ud800"</c>) then throws at whatever place that happens to be.
/// </summary>
public static class StrictJson
{
    private const int MostMessage = 200;

    /// <summary>Two numbers cannot be compared when the exponent of one is no 32-bit number.</summary>
    private const int MostExponentDigits = 6;

    /// <summary>One value, with white space around it, in UTF-8. No comments, no key twice, no text that is not Unicode.</summary>
    /// <param name="utf8">All of the text.</param>
    /// <param name="maxDepth">How deep objects and arrays may lie in each other, 1 or more.</param>
    /// <exception cref="JsonException">It is none.</exception>
    public static JsonElement Parse(ReadOnlySpan<byte> utf8, int maxDepth)
    {
        try
        {
            CheckValues(utf8, maxDepth);
            return JsonElement.Parse(utf8, new JsonDocumentOptions { MaxDepth = maxDepth, AllowDuplicateProperties = false });
        }
        catch (JsonException fault) when (fault.Message.Length > MostMessage)
        {
            // It quotes a key, which may be as long as the text.
            throw new JsonException(fault.Message[..MostMessage] + "…", fault);
        }
    }

    /// <summary>As <see cref="Parse"/>; a JSON null is null.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static JsonNode? ParseNode(ReadOnlySpan<byte> utf8, int maxDepth)
    {
        var value = Parse(utf8, maxDepth);
        return value.ValueKind switch
        {
            JsonValueKind.Object => JsonObject.Create(value),
            JsonValueKind.Array => JsonArray.Create(value),
            JsonValueKind.Null => null,
            _ => JsonValue.Create(value),
        };
    }

    private static int ExponentDigits(ReadOnlySpan<byte> number)
    {
        var at = number.IndexOfAny((byte)'e', (byte)'E');
        return at < 0 ? 0 : number[(at + 1)..].TrimStart("+-0"u8).Length;
    }

    private static void CheckValues(ReadOnlySpan<byte> utf8, int maxDepth)
    {
        if (!Utf8.IsValid(utf8))
        {
            throw new JsonException("it is not UTF-8.");
        }
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = maxDepth });
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Number && ExponentDigits(reader.ValueSpan) > MostExponentDigits)
            {
                throw new JsonException($"the number that begins at byte {reader.TokenStartIndex} has an exponent of more than {MostExponentDigits} digits.");
            }
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || !reader.ValueIsEscaped)
            {
                continue;
            }
            try
            {
                reader.GetString();
            }
            catch (InvalidOperationException)
            {
                throw new JsonException($"the text that begins at byte {reader.TokenStartIndex} holds half of a surrogate pair, which is no character.");
            }
        }
    }
}
