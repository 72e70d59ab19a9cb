using System.Collections.Immutable;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Meerkat.Core.Values;

namespace Meerkat.Core.Bundles;

/// <summary>A bundle that is ready to be written: its parts have been read once, its manifest stands.</summary>
/// <remarks>
/// Written as every device can read it (specification 1.2, writer rule): stored, sizes and CRC in local headers, the
/// manifest first, parts in the order of their names, times zero. The same recipe gives the same bytes.
/// </remarks>
public sealed class BundlePlan
{
    private readonly ImmutableArray<MeasuredPart> parts;

    private BundlePlan(Manifest manifest, byte[] manifestBytes, ImmutableArray<MeasuredPart> parts)
    {
        Manifest = manifest;
        ManifestBytes = manifestBytes;
        this.parts = parts;
    }

    public Manifest Manifest { get; }

    /// <summary>What a signature is made over.</summary>
    public ReadOnlyMemory<byte> ManifestBytes { get; }

    /// <summary>Reads every part once for its size and digests, and checks that the bundle can be read back.</summary>
    public static BundlePlanning Prepare(BundleRecipe recipe)
    {
        var measured = recipe.Parts.OrderBy(p => p.Name, StringComparer.Ordinal).Select(MeasuredPart.Measure).ToImmutableArray();
        if (Refusal(recipe, measured) is { } reason)
        {
            return new BundlePlanning.Refused(reason);
        }
        var bytes = ManifestText.Write(recipe, recipe.BuildId ?? ContentId(measured), measured);
        return Manifest.Parse(bytes) switch
        {
            ManifestParse.Parsed parsed =>
                new BundlePlanning.Planned(new BundlePlan(parsed.Manifest, bytes, measured)),
            ManifestParse.Rejected rejected => new BundlePlanning.Refused(rejected.Reason),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <summary>Reads every part once more and writes the archive.</summary>
    /// <param name="attributes">Signatures and the like for the extra field of the manifest's entry (specification 2.2).</param>
    /// <exception cref="IOException">A part changed since it was measured, or the output cannot be written.</exception>
    /// <exception cref="InvalidDataException">The attributes do not fit into an extra field.</exception>
    public void WriteTo(Stream output, ImmutableSortedDictionary<string, string>? attributes = null)
    {
        var zip = new ZipLayout(output);
        var crc = Crc32.HashToUInt32(ManifestBytes.Span);
        zip.BeginEntry(EntryName.Manifest, ManifestBytes.Length, crc, ExtraField.Write(attributes));
        output.Write(ManifestBytes.Span);
        foreach (var part in parts)
        {
            zip.BeginEntry(part.Recipe.Src, part.SizeBytes, part.Crc, []);
            part.CopyTo(output);
        }
        zip.End();
    }

    private static string? Refusal(BundleRecipe recipe, ImmutableArray<MeasuredPart> parts)
    {
        if (parts.Select(p => p.Recipe.Name).Distinct(StringComparer.Ordinal).Count() < parts.Length)
        {
            return "two parts have the same name";
        }
        if (recipe.Attributes.Keys.FirstOrDefault(ManifestMembers.Contains) is { } taken)
        {
            return $"the attribute '{taken}' is a field of the manifest itself";
        }
        // All offsets are 32 bits, and the readers in devices know no zip64.
        return parts.Sum(p => p.SizeBytes) > uint.MaxValue - (1 << 20)
            ? "the parts are larger than 4 GiB together, which a bundle cannot hold" : null;
    }

    private static readonly string[] ManifestMembers =
        ["name", "platform", "description", "version", "build_id", "build_timestamp", "parts", "ready"];

    private static string ContentId(ImmutableArray<MeasuredPart> parts)
    {
        const int IdDigits = 12;
        var text = string.Concat(parts.Select(p => $"{p.Recipe.Name} {p.Sha256}\n"));
        return new Digest(SHA256.HashData(Encoding.UTF8.GetBytes(text))).ToString()[..IdDigits];
    }
}
