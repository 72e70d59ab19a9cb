using System.Security.Cryptography;

namespace Meerkat.Bench.PowerCut;

/// <summary>What guest/build made: every version's image and the files that it ships.</summary>
internal sealed class Firmware
{
    private const string First = "1.0.0";

    private readonly string work;
    private readonly Dictionary<string, string> versions;

    public Firmware(string work)
    {
        this.work = work;
        versions = Directory.GetFiles(Path.Combine(work, "images")).ToDictionary(Digest, path => Path.GetFileName(path), StringComparer.Ordinal);
    }

    /// <summary>The version with exactly this image; none when there is no such.</summary>
    public string? VersionOf(string image) => File.Exists(image) ? versions.GetValueOrDefault(Digest(image)) : null;

    public string Bundle(string version) => Path.Combine(work, "bundles", version + ".zip");

    public byte[] Note(string name) => File.ReadAllBytes(Path.Combine(work, "notes", name));

    /// <summary>What is wrong with a file system that must hold all of a version, and what only the first one shipped.</summary>
    public string? Missing(string version, string files)
    {
        var shipped = Path.Combine(work, "fs", version);
        string[] all = ["pages/index.html", $"only-{version}.txt", "conf0.json"];
        var wrong = all.FirstOrDefault(name => !Same(Path.Combine(shipped, name), Path.Combine(files, name)));
        if (wrong is not null || !Same(Path.Combine(work, "fs", First, $"only-{First}.txt"), Path.Combine(files, $"only-{First}.txt")))
        {
            return $"{wrong ?? $"only-{First}.txt"} is missing or has other contents";
        }
        var links = new[] { $"start-{version}", $"start-{First}" };
        return links.FirstOrDefault(name => new FileInfo(Path.Combine(files, name)).LinkTarget != "pages/index.html") is { } link
            ? $"the link {link} is missing or leads elsewhere"
            : Directory.Exists(Path.Combine(files, "pages/empty")) ? null : "the empty directory is missing";
    }

    private static bool Same(string expected, string found) =>
        File.Exists(found) && File.ReadAllBytes(expected).AsSpan().SequenceEqual(File.ReadAllBytes(found));

    private static string Digest(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
