using System.Security.Cryptography;
using System.Text;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>
/// What a user has put into a firmware's file system, kept beside the device: files by path with their bytes, links, empty
/// directories. What the device holds is compared with it byte for byte.
/// </summary>
internal sealed class UserFiles
{
    private const UnixFileMode FileMode = (UnixFileMode)0b110_100_000;
    private const UnixFileMode FolderMode = (UnixFileMode)0b111_101_101;
    private const int MostWritten = 6;

    private readonly SortedDictionary<string, byte[]> files = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> links = new(StringComparer.Ordinal);
    private readonly SortedSet<string> folders = new(StringComparer.Ordinal);
    private readonly Queue<string> written = [];

    private UserFiles()
    {
    }

    /// <summary>The user's settings, files from nothing to more than a megabyte, links (one to nowhere), an empty directory.</summary>
    public static UserFiles Put(string slotFiles, Random chance)
    {
        var user = new UserFiles();
        user.Write(slotFiles, "conf.json", Encoding.UTF8.GetBytes("""{"app": {"name": "set by the user"}}"""));
        foreach (var (path, length) in new[] { ("mine/empty", 0), ("mine/one", 1), ("mine/block", 4096), ("mine/large", 1_300_000) })
        {
            user.Write(slotFiles, path, Bytes(chance, length));
        }
        for (var number = 0; number < 60; number++)
        {
            user.Write(slotFiles, $"many/{number}", Bytes(chance, 100));
        }
        user.Link(slotFiles, "mine/link", "large");
        user.Link(slotFiles, "mine/nowhere", "../../not/there");
        Directory.CreateDirectory(Path.Combine(slotFiles, "mine/nothing"), FolderMode);
        user.folders.Add("mine/nothing");
        return user;
    }

    public UserFiles Copy()
    {
        var copy = new UserFiles();
        files.ToList().ForEach(pair => copy.files.Add(pair.Key, pair.Value));
        links.ToList().ForEach(pair => copy.links.Add(pair.Key, pair.Value));
        copy.folders.UnionWith(folders);
        written.ToList().ForEach(copy.written.Enqueue);
        return copy;
    }

    /// <summary>A file of some size that appears during a firmware's life; the oldest of such files goes.</summary>
    public void WriteInLife(string slotFiles, string name, Random chance)
    {
        var path = "life/" + name;
        Write(slotFiles, path, Bytes(chance, chance.Next(0, 20_000)));
        written.Enqueue(path);
        if (written.Count > MostWritten)
        {
            var oldest = written.Dequeue();
            File.Delete(Path.Combine(slotFiles, oldest));
            files.Remove(oldest);
        }
    }

    /// <summary>How a slot's files differ from these together with a bundle's; empty when they do not.</summary>
    public string Difference(string slotFiles, TestFirmware bundle)
    {
        var expected = new Dictionary<string, byte[]>(files, StringComparer.Ordinal);
        foreach (var (path, text) in bundle.Files)
        {
            expected[path] = Encoding.UTF8.GetBytes(text);
        }
        foreach (var (path, bytes) in expected)
        {
            var file = new FileInfo(Path.Combine(slotFiles, path));
            if (!file.Exists || file.LinkTarget is not null)
            {
                return $"{file.FullName} is missing";
            }
            if (file.Length != bytes.Length || !File.ReadAllBytes(file.FullName).AsSpan().SequenceEqual(bytes))
            {
                return $"{file.FullName} should have {bytes.Length} bytes with SHA-256 {Hash(bytes)}, has {file.Length} and others";
            }
            if (files.ContainsKey(path) && !bundle.Files.ContainsKey(path) && file.UnixFileMode != FileMode)
            {
                return $"{file.FullName} should have mode {FileMode}, has {file.UnixFileMode}";
            }
        }
        foreach (var (path, target) in links)
        {
            if (new FileInfo(Path.Combine(slotFiles, path)).LinkTarget != target)
            {
                return $"{slotFiles}/{path} should be a link to {target}";
            }
        }
        if (folders.FirstOrDefault(folder => !Directory.Exists(Path.Combine(slotFiles, folder))) is { } missing)
        {
            return $"{slotFiles}/{missing} should be a directory";
        }
        var more = Directory.EnumerateFiles(slotFiles, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(slotFiles, path))
            .FirstOrDefault(path => !expected.ContainsKey(path) && !links.ContainsKey(path) && path != FirmwareKinds.Filler);
        return more is null ? "" : $"{slotFiles}/{more} is there, and nobody put it there";
    }

    private void Write(string slotFiles, string path, byte[] bytes)
    {
        var full = Path.Combine(slotFiles, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!, FolderMode);
        File.WriteAllBytes(full, bytes);
        File.SetUnixFileMode(full, FileMode);
        files[path] = bytes;
    }

    private void Link(string slotFiles, string path, string target)
    {
        File.CreateSymbolicLink(Path.Combine(slotFiles, path), target);
        links[path] = target;
    }

    private static byte[] Bytes(Random chance, int length)
    {
        var bytes = new byte[length];
        chance.NextBytes(bytes);
        return bytes;
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
