using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using Meerkat.Core.Values;

namespace Meerkat.Core.Bundles;

/// <summary>Records in a zip extra field; 0x293A on the manifest carries signatures (specification 2.2).</summary>
internal static class ExtraField
{
    public const ushort Attributes = 0x293A;
    public const int RecordHeaderBytes = 4;

    private const int MaxDepth = 8;

    /// <summary>Looks for a record. What follows the last whole record is ignored, as zip tools do.</summary>
    /// <param name="overrun">A record claims more bytes than there are.</param>
    public static bool Find(ReadOnlySpan<byte> extra, ushort id, out ReadOnlySpan<byte> payload, out bool overrun)
    {
        payload = default;
        overrun = false;
        while (extra.Length >= RecordHeaderBytes)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (length > extra.Length - RecordHeaderBytes)
            {
                overrun = true;
                return false;
            }
            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == id)
            {
                payload = extra.Slice(RecordHeaderBytes, length);
                return true;
            }
            extra = extra[(RecordHeaderBytes + length)..];
        }
        return false;
    }

    /// <summary>Reads the attributes of the manifest entry; without such a record there are none.</summary>
    /// <param name="problem">Why they cannot be read, as the end of a sentence.</param>
    public static ImmutableSortedDictionary<string, string> ReadAttributes(ReadOnlySpan<byte> extra, out string? problem)
    {
        var none = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
        problem = null;
        if (!Find(extra, Attributes, out var payload, out var overrun))
        {
            problem = overrun ? "has an extra field that is longer than it may be" : null;
            return none;
        }
        try
        {
            var attributes = StrictJson.Parse(payload, MaxDepth);
            if (attributes.ValueKind == JsonValueKind.Object)
            {
                return none.AddRange(attributes.EnumerateObject().Select(
                    m => KeyValuePair.Create(m.Name, Text(m.Value))));
            }
            problem = "has attributes that are not a JSON object";
        }
        catch (JsonException e)
        {
            problem = $"has attributes that are not valid JSON: {e.Message}";
        }
        return none;
    }

    /// <summary>The extra field that holds these attributes, compact and in order; empty without any.</summary>
    /// <exception cref="ArgumentException">They are longer than an extra field can be.</exception>
    public static byte[] Write(ImmutableSortedDictionary<string, string>? attributes)
    {
        if (attributes is not { Count: > 0 })
        {
            return [];
        }
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            foreach (var (key, value) in attributes.OrderBy(a => a.Key, StringComparer.Ordinal))
            {
                writer.WriteString(key, value);
            }
            writer.WriteEndObject();
        }
        if (json.WrittenCount > ushort.MaxValue - RecordHeaderBytes)
        {
            throw new ArgumentException(
                $"the attributes take {json.WrittenCount} bytes; an extra field holds {ushort.MaxValue - RecordHeaderBytes}",
                nameof(attributes));
        }
        var extra = new byte[RecordHeaderBytes + json.WrittenCount];
        BinaryPrimitives.WriteUInt16LittleEndian(extra, Attributes);
        BinaryPrimitives.WriteUInt16LittleEndian(extra.AsSpan(2), (ushort)json.WrittenCount);
        json.WrittenSpan.CopyTo(extra.AsSpan(RecordHeaderBytes));
        return extra;
    }

    private static string Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
