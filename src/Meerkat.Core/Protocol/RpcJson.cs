using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Meerkat.Core.Protocol;

/// <summary>How JSON is written on the wire and shown to people.</summary>
public static class RpcJson
{
    /// <summary>
    /// The default encoder would turn the <c>+</c> of base64 into six characters and all non-ASCII text into escapes. That protects
    /// JSON pasted into HTML, which ours never is: it travels as application/json.
    /// </summary>
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonWriterOptions Pretty = Compact with { Indented = true, IndentSize = 2, NewLine = "\n" };

    /// <summary>UTF-8 without blanks, for the wire; numbers that were read stay as typed.</summary>
    public static byte[] ToUtf8(JsonNode? node) => Write(writer => WriteNode(writer, node));

    /// <summary>Indented by two blanks, lines ended by LF, without a line end after the last; numbers stay as typed.</summary>
    public static string ToPretty(JsonNode? node) =>
        System.Text.Encoding.UTF8.GetString(Write(writer => WriteNode(writer, node), Pretty));

    /// <summary>The node as an element that stands alone; <see cref="JsonValueKind.Undefined"/> for null.</summary>
    public static JsonElement ToElement(JsonNode? node) => node is null ? default : JsonElement.Parse(ToUtf8(node));

    internal static byte[] Write(Action<Utf8JsonWriter> content) => Write(content, Compact);

    internal static void WriteNode(Utf8JsonWriter writer, JsonNode? node)
    {
        if (node is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            node.WriteTo(writer);
        }
    }

    internal static void WriteAddress(Utf8JsonWriter writer, RpcId id, string? source, string? destination, string? tag)
    {
        id.WriteTo(writer);
        WriteText(writer, "src", source);
        WriteText(writer, "dst", destination);
        WriteText(writer, "tag", tag);
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            writer.WriteString(name, value);
        }
    }

    private static byte[] Write(Action<Utf8JsonWriter> content, JsonWriterOptions options)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, options))
        {
            content(writer);
        }
        return buffer.WrittenSpan.ToArray();
    }
}
