using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Values;

namespace Meerkat.Storage;

/// <summary>The stored form of a seal: one line of JSON, then a line with the CRC-32C of the first in hexadecimal.</summary>
public static class SealCodec
{
    private const int Format = 1;

    public static byte[] Encode(Seal seal)
    {
        var json = new JsonObject
        {
            ["format"] = Format,
            ["name"] = seal.Name,
            ["platform"] = seal.Platform,
            ["version"] = seal.Version.Version,
            ["build_id"] = seal.Version.BuildId,
            ["image_sha256"] = seal.Image.ToString(),
            ["image_size"] = seal.ImageBytes,
            ["commit_count"] = seal.CommitCount,
        };
        var line = json.ToJsonString() + "\n";
        return Encoding.UTF8.GetBytes(line + Checksum(Encoding.UTF8.GetBytes(line)) + "\n");
    }

    /// <summary>Nothing when the seal is torn, damaged or of a format this program does not know.</summary>
    public static Seal? Decode(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n') + 1;
        if (end == 0 || Encoding.UTF8.GetString(bytes[end..]) != Checksum(bytes[..end]) + "\n")
        {
            return null;
        }
        try
        {
            var json = JsonNode.Parse(bytes[..end])!.AsObject();
            return (int)json["format"]! == Format && Digest.TryParse((string?)json["image_sha256"], out var image)
                ? new Seal(
                    Text(json, "name"),
                    Text(json, "platform"),
                    new FirmwareVersion(Text(json, "version"), Text(json, "build_id")),
                    image,
                    (long)json["image_size"]!,
                    (uint)json["commit_count"]!)
                : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException
            or NullReferenceException or ArgumentException)
        {
            return null;
        }
    }

    private static string Text(JsonObject json, string name) =>
        (string?)json[name] ?? throw new FormatException($"the seal has no {name}");

    private static string Checksum(ReadOnlySpan<byte> bytes) => Crc32C.Of(bytes).ToString("x8", CultureInfo.InvariantCulture);
}
