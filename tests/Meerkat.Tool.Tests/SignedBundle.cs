using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Meerkat.Tool.Tests;

/// <summary>A folder with a bundle in it, made by the tool, and the keys of <c>testdata/keys</c>.</summary>
internal sealed class SignedBundle : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("meerkat-").FullName;

    private SignedBundle()
    {
    }

    public string Path => System.IO.Path.Combine(folder, "fw.zip");

    /// <summary>All names in the folder; what a run leaves behind shows here.</summary>
    public string[] Names => [.. Directory.EnumerateFileSystemEntries(folder).Select(path => System.IO.Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    public static async Task<SignedBundle> MakeAsync(params string[] options)
    {
        var made = new SignedBundle();
        await File.WriteAllTextAsync(made.In("app"), "#!/bin/sh\nexec sleep 1000\n");
        var run = await ToolProcess.RunAsync(["bundle", "create", made.In("app"), "--name", "n", "--version", "1", "-o", made.Path, .. options]);
        Assert.True(run.ExitCode == 0, run.Error);
        return made;
    }

    public static string Key(string name) => System.IO.Path.Combine(
        Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepoRoot").Value!, "testdata", "keys", name + ".pem");

    public string In(string name) => System.IO.Path.Combine(folder, name);

    public Task<ToolProcess> SignAsync(params string[] options) => ToolProcess.RunAsync(["bundle", "sign", Path, .. options]);

    /// <summary>The signatures and attributes, read from the local header by somebody else's hand.</summary>
    public static JsonObject Attributes(byte[] zip)
    {
        var (name, extra) = (BitConverter.ToUInt16(zip, 26), BitConverter.ToUInt16(zip, 28));
        if (extra == 0)
        {
            return [];
        }
        Assert.Equal(0x293A, BitConverter.ToUInt16(zip, 30 + name));
        Assert.Equal(extra - 4, BitConverter.ToUInt16(zip, 30 + name + 2));
        return JsonNode.Parse(zip.AsSpan(30 + name + 4, extra - 4))!.AsObject();
    }

    /// <summary>Whether a signature holds under a public key, by the framework.</summary>
    public static bool Holds(byte[] zip, string place, string key)
    {
        using var archive = new ZipArchive(new MemoryStream(zip));
        using var manifest = archive.Entries[0].Open();
        using var known = ECDsa.Create();
        known.ImportFromPem(File.ReadAllText(Key(key)));
        return known.VerifyData(
            manifest, Convert.FromBase64String((string)Attributes(zip)[place]!), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
