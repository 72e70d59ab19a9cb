using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Bundles;

namespace Meerkat.Fuzz.Targets;

/// <summary>Manifests by themselves.</summary>
internal sealed class ManifestTarget : Target
{
    public static readonly string[] Words =
    [
        "name", "platform", "version", "build_id", "build_timestamp", "description", "ready", "parts", "type", "src", "size", "cs_sha1",
        "cs_sha256", "app", "fs", "alive", "notify", "linux-x64", "manifest.json", "a/", "a/../b", "/a", "a\\\\b", "",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ];

    private static readonly JsonMutations Json = new(Words);

    public override string Name => "manifest";

    public override MemoryBound Memory => new(256 << 10, 64);

    public override byte[] Generate(Random chance)
    {
        var parts = new JsonObject();
        for (var number = chance.Next(4); number > 0; number--)
        {
            var part = new JsonObject { ["type"] = "app", ["src"] = $"p{number}.bin", ["size"] = chance.Next(2) == 0 ? chance.Next() : $"0x{chance.Next():x}" };
            if (chance.Next(2) == 0)
            {
                part["cs_sha256"] = Convert.ToHexString(ByteMutations.RandomBytes(chance, 32));
            }
            if (chance.Next(2) == 0)
            {
                part["cs_sha1"] = Convert.ToHexStringLower(ByteMutations.RandomBytes(chance, 20));
            }
            parts[$"part{number}"] = part;
        }
        var manifest = new JsonObject
        {
            ["platform"] = "linux-x64",
            ["version"] = $"1.{chance.Next(9)}",
            ["build_id"] = "b",
            ["parts"] = parts,
        };
        string[] optional = ["name", "description", "build_timestamp", "mine"];
        foreach (var key in optional.Where(_ => chance.Next(2) == 0))
        {
            manifest[key] = "text";
        }
        return JsonSerializer.SerializeToUtf8Bytes(manifest);
    }

    public override byte[] Mutate(byte[] input, byte[] other, Random chance) => Json.Mutate(input, other, chance);

    public override object? Parse(byte[] input) => Manifest.Parse(input, BundleLimits.Default);

    public override bool Accepted(object? parsed) => parsed is ManifestParse.Parsed;

    public override void Examine(byte[] input, object? parsed)
    {
        if (parsed is ManifestParse.Rejected rejected)
        {
            FindingException.Unless(rejected.Reason.Length is > 0 and < 2000, "a refusal without words, or with too many");
            return;
        }
        var manifest = ((ManifestParse.Parsed)parsed!).Manifest;
        FindingException.Unless(
            manifest is { Platform.Length: > 0, Version.Length: > 0, BuildId.Length: > 0 } && manifest.Parts.Count <= BundleLimits.Default.Entries,
            "a field that is required is empty, or there are too many parts");
        FindingException.Unless(
            manifest.Parts.Values.All(part => part.Size is null or >= 0 && (part.Src is not { } src || IsInside(src))),
            "a part with a size below 0 or a source outside the bundle");
        // Written by somebody else, and the same to us.
        var again = Manifest.Parse(JsonSerializer.SerializeToUtf8Bytes(JsonElement.Parse(input)), BundleLimits.Default);
        FindingException.Unless(
            again is ManifestParse.Parsed(var same) && same.Parts.Values.Select(Facts).SequenceEqual(manifest.Parts.Values.Select(Facts))
            && (same.Name, same.Platform, same.Version, same.BuildId, same.Description, same.Ready)
                == (manifest.Name, manifest.Platform, manifest.Version, manifest.BuildId, manifest.Description, manifest.Ready),
            "written anew it is another manifest");
    }

    private static bool IsInside(string src) => src.Length > 0 && src[0] != '/' && src[^1] != '/' && !src.Split('/').Contains("..");

    private static (string Name, string Type, string? Src, long? Size, string? Sha1, Core.Values.Digest? Sha256) Facts(ManifestPart part) =>
        (part.Name, part.Type, part.Src, part.Size, part.CsSha1, part.CsSha256);
}
