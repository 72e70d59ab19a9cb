namespace Meerkat.Boot.Tests;

/// <summary>What lies below a directory, to be put back as often as a test begins anew: files, directories and links with their modes.</summary>
internal sealed class SavedTree
{
    private readonly string top;
    private readonly List<(string Path, string? Link, byte[]? Contents, UnixFileMode Mode)> entries = [];

    public SavedTree(string top)
    {
        this.top = top;
        foreach (var entry in new DirectoryInfo(top).EnumerateFileSystemInfos("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .OrderBy(entry => entry.FullName, StringComparer.Ordinal))
        {
            entries.Add((
                entry.FullName,
                entry.LinkTarget,
                entry.LinkTarget is null && entry is FileInfo ? File.ReadAllBytes(entry.FullName) : null,
                entry.LinkTarget is null ? entry.UnixFileMode : default));
        }
    }

    public void Restore()
    {
        foreach (var entry in new DirectoryInfo(top).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo { LinkTarget: null } directory)
            {
                directory.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }
        }
        foreach (var (path, link, contents, mode) in entries)
        {
            if (link is not null)
            {
                File.CreateSymbolicLink(path, link);
                continue;
            }
            if (contents is null)
            {
                Directory.CreateDirectory(path);
            }
            else
            {
                File.WriteAllBytes(path, contents);
            }
            File.SetUnixFileMode(path, mode);
        }
    }
}
