using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>A firmware in shell and the bundle that brings it.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Script">What it does after it has noted its start.</param>
internal sealed record TestFirmware(string Version, string Script)
{
    public const string Stay = "exec sleep 100000";

    /// <summary>Files of its file system by path.</summary>
    public Dictionary<string, string> Files { get; init; } = [];

    /// <summary>Further tar members, for images that should be refused.</summary>
    public Action<TarWriter>? Members { get; init; }

    /// <summary>Further members of the manifest.</summary>
    public JsonObject Manifest { get; init; } = [];

    public static TestFirmware Good(string version) => new(version, Stay)
    {
        Files = new Dictionary<string, string>
        {
            ["conf0.json"] = """{"app": {"target": 20, "name": "shipped"}}""",
            ["version.txt"] = version,
            [$"only-in-{version}.txt"] = "shipped",
        },
    };

    /// <summary>The image: each start leaves a line in the application's data, and says which settings were in force.</summary>
    public byte[] Image => Encoding.UTF8.GetBytes(
        $"""
        #!/bin/sh
        # {Version}
        echo "$MEERKAT_VERSION $MEERKAT_SLOT $MEERKAT_TRIAL" >>"$MEERKAT_DATA/starts"
        cp "$MEERKAT_CONFIG" "$MEERKAT_DATA/config-$MEERKAT_VERSION.json"
        echo "started $MEERKAT_VERSION"
        {Script}

        """.ReplaceLineEndings("\n"));

    public byte[] FileSystem
    {
        get
        {
            var tar = new MemoryStream();
            using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
            {
                foreach (var (path, content) in Files.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path)
                    {
                        Mode = (UnixFileMode)0b110_100_100,
                        DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)),
                    });
                }
                Members?.Invoke(writer);
            }
            return tar.Length > 0 ? tar.ToArray() : new byte[1024];
        }
    }

    public JsonObject ManifestFor(byte[] image, byte[] files)
    {
        var manifest = new JsonObject
        {
            ["name"] = "test",
            ["platform"] = "linux-x64",
            ["version"] = Version,
            ["build_id"] = "build-" + Version,
            ["parts"] = new JsonObject
            {
                ["app"] = Part("app", image),
                ["fs"] = Part("fs.tar", files),
            },
        };
        foreach (var (key, value) in Manifest)
        {
            manifest[key] = value?.DeepClone();
        }
        return manifest;
    }

    public byte[] Bundle()
    {
        var (image, files) = (Image, FileSystem);
        return new ZipBuilder()
            .Add("manifest.json", Encoding.UTF8.GetBytes(ManifestFor(image, files).ToJsonString()))
            .Add("app", image)
            .Add("fs.tar", files)
            .ToArray();
    }

    private static JsonObject Part(string source, byte[] content) => new()
    {
        ["src"] = source,
        ["size"] = content.Length,
        ["cs_sha256"] = Convert.ToHexStringLower(SHA256.HashData(content)),
    };
}
