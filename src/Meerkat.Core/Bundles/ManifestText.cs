using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Meerkat.Core.Bundles;

/// <summary>Writes manifests the way <c>mos create-fw-bundle</c> does: its order, one blank of indent (specification 1.3).</summary>
internal static class ManifestText
{
    private static readonly JsonWriterOptions Style = new()
    {
        Indented = true,
        IndentSize = 1,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static byte[] Write(BundleRecipe recipe, string buildId, ImmutableArray<MeasuredPart> parts)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Style))
        {
            json.WriteStartObject();
            json.WriteString("name", recipe.Name);
            json.WriteString("platform", recipe.Platform);
            WriteOptional(json, "description", recipe.Description);
            json.WriteString("version", recipe.Version);
            json.WriteString("build_id", buildId);
            WriteOptional(json, "build_timestamp", recipe.BuildTimestamp);
            json.WriteStartObject("parts");
            foreach (var part in parts)
            {
                WritePart(json, part);
            }
            json.WriteEndObject();
            WriteOptional(json, "ready", Word(recipe.Ready));
            foreach (var (key, value) in recipe.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal))
            {
                json.WriteString(key, value);
            }
            json.WriteEndObject();
        }
        return bytes.WrittenSpan.ToArray();
    }

    public static string? Word(ReadyRule? ready) => ready switch
    {
        ReadyRule.Alive => "alive",
        ReadyRule.Notify => "notify",
        null => null,
    };

    private static void WritePart(Utf8JsonWriter json, MeasuredPart part)
    {
        json.WriteStartObject(part.Recipe.Name);
        json.WriteString("type", part.Recipe.Type);
        json.WriteString("src", part.Recipe.Src);
        json.WriteNumber("size", part.SizeBytes);
        json.WriteString("cs_sha1", part.Sha1);
        json.WriteString("cs_sha256", part.Sha256.ToString());
        json.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter json, string key, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(key, value);
        }
    }
}
