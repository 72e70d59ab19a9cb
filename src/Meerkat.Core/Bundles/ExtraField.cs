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
        var at = IndexOf(extra, id, out overrun);
        payload = at < 0 ? default : extra.Slice(at + RecordHeaderBytes, PayloadBytes(extra[at..]));
        return at >= 0;
    }

    /// <summary>Reads the attributes of the manifest entry; without such a record there are none.</summary>
    /// <param name="problem">Why they cannot be read, as the end of a sentence.</param>
    public static ImmutableSortedDictionary<string, string> ReadAttributes(ReadOnlySpan<byte> extra, out string? problem) =>
        None<string>().AddRange(Members(extra, out problem).Select(m => KeyValuePair.Create(m.Key, Text(m.Value))));

    /// <summary>The extra field that holds these attributes, compact and in order; empty without any.</summary>
    /// <exception cref="InvalidDataException">They are longer than an extra field can be.</exception>
    public static byte[] Write(ImmutableSortedDictionary<string, string>? attributes) =>
        attributes is { Count: > 0 } ? With([], attributes) : [];

    /// <summary>
    /// The same extra field with attributes added or replaced. Ours comes first, where the simplest of readers finds it; the records of
    /// others follow as they were.
    /// </summary>
    /// <exception cref="InvalidDataException">It becomes longer than an extra field can be.</exception>
    public static byte[] With(ReadOnlySpan<byte> extra, ImmutableSortedDictionary<string, string> changes)
    {
        var members = Members(extra, out _);
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            foreach (var key in members.Keys.Union(changes.Keys).Order(StringComparer.Ordinal))
            {
                writer.WritePropertyName(key);
                if (changes.TryGetValue(key, out var value))
                {
                    writer.WriteStringValue(value);
                }
                else
                {
                    members[key].WriteTo(writer);
                }
            }
            writer.WriteEndObject();
        }
        var others = Others(extra);
        var most = ushort.MaxValue - RecordHeaderBytes - others.Length;
        if (json.WrittenCount > most)
        {
            throw new InvalidDataException(
                $"signatures and attributes take {json.WrittenCount} bytes; the extra field has room for {most}");
        }
        var written = new byte[RecordHeaderBytes + json.WrittenCount + others.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(written, Attributes);
        BinaryPrimitives.WriteUInt16LittleEndian(written.AsSpan(2), (ushort)json.WrittenCount);
        json.WrittenSpan.CopyTo(written.AsSpan(RecordHeaderBytes));
        others.CopyTo(written.AsSpan(RecordHeaderBytes + json.WrittenCount));
        return written;
    }

    private static ImmutableSortedDictionary<string, JsonElement> Members(ReadOnlySpan<byte> extra, out string? problem)
    {
        var none = None<JsonElement>();
        problem = null;
        if (!Find(extra, Attributes, out var payload, out var overrun))
        {
            problem = overrun ? "has an extra field that is longer than it may be" : null;
            return none;
        }
        if (Find(Others(extra), Attributes, out _, out overrun) || overrun)
        {
            problem = overrun ? "has an extra field that is longer than it may be" : "has attributes twice; nobody could say which count";
            return none;
        }
        try
        {
            var attributes = StrictJson.Parse(payload, MaxDepth);
            if (attributes.ValueKind == JsonValueKind.Object)
            {
                return none.AddRange(attributes.EnumerateObject().Select(m => KeyValuePair.Create(m.Name, m.Value)));
            }
            problem = "has attributes that are not a JSON object";
        }
        catch (JsonException e)
        {
            problem = $"has attributes that are not valid JSON: {e.Message}";
        }
        return none;
    }

    /// <summary>What stands before and behind the first record of attributes.</summary>
    private static byte[] Others(ReadOnlySpan<byte> extra)
    {
        var at = IndexOf(extra, Attributes, out _);
        return at < 0 ? extra.ToArray() : [.. extra[..at], .. extra[(at + RecordHeaderBytes + PayloadBytes(extra[at..]))..]];
    }

    private static int IndexOf(ReadOnlySpan<byte> extra, ushort id, out bool overrun)
    {
        overrun = false;
        for (var at = 0; extra.Length - at >= RecordHeaderBytes; at += RecordHeaderBytes + PayloadBytes(extra[at..]))
        {
            if (PayloadBytes(extra[at..]) > extra.Length - at - RecordHeaderBytes)
            {
                overrun = true;
                return -1;
            }
            if (BinaryPrimitives.ReadUInt16LittleEndian(extra[at..]) == id)
            {
                return at;
            }
        }
        return -1;
    }

    private static int PayloadBytes(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt16LittleEndian(record[2..]);

    private static ImmutableSortedDictionary<string, T> None<T>() =>
        ImmutableSortedDictionary<string, T>.Empty.WithComparers(StringComparer.Ordinal);

    private static string Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
