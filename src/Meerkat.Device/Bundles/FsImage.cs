using System.Formats.Tar;
using Meerkat.Core.Bundles;

namespace Meerkat.Device.Bundles;

/// <summary>
/// Packs a folder as the <c>fs</c> part of a bundle. The same content gives the same bytes: members sorted by name,
/// owner 0, time 1970, modes kept.
/// </summary>
public abstract record FsImage
{
    private FsImage()
    {
    }

    public sealed record Written(int Members) : FsImage;

    /// <param name="Reason">What in the folder cannot be part of an image, for people.</param>
    public sealed record Refused(string Reason) : FsImage;

    /// <exception cref="IOException">The folder cannot be read or the output not be written.</exception>
    public static FsImage Write(string folder, Stream output)
    {
        const int EndBytes = 1024;
        var members = 0;
        string? refusal;
        using (var writer = new TarWriter(output, TarEntryFormat.Ustar, leaveOpen: true))
        {
            refusal = WriteFolder(writer, new DirectoryInfo(folder), "", ref members);
        }
        if (members == 0)
        {
            // Of an empty folder TarWriter makes no archive at all.
            output.Write(new byte[EndBytes]);
        }
        return refusal is null ? new Written(members) : new Refused(refusal);
    }

    private static string? WriteFolder(TarWriter writer, DirectoryInfo folder, string prefix, ref int members)
    {
        foreach (var item in folder.EnumerateFileSystemInfos().OrderBy(i => i.Name, StringComparer.Ordinal))
        {
            var path = prefix + item.Name;
            if (UserSettingsFile.Covers(path))
            {
                return $"'{path}' holds the user's settings and is never shipped in a firmware image; "
                    + "put defaults into conf0.json";
            }
            members++;
            if (item.LinkTarget is { } target)
            {
                WriteLink(writer, path, target);
                continue;
            }
            string? refusal;
            if (item is DirectoryInfo below)
            {
                writer.WriteEntry(Entry(TarEntryType.Directory, path, below.UnixFileMode));
                refusal = WriteFolder(writer, below, path + "/", ref members);
            }
            else
            {
                refusal = WriteFile(writer, path, (FileInfo)item);
            }
            if (refusal is not null)
            {
                return refusal;
            }
        }
        return null;
    }

    private static string? WriteFile(TarWriter writer, string path, FileInfo file)
    {
        if (file.Length == 0 && Kind(file) is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
        {
            return $"'{path}' is a device, FIFO or socket; an image holds files, folders and symbolic links";
        }
        using var data = file.OpenRead();
        var entry = Entry(TarEntryType.RegularFile, path, file.UnixFileMode);
        entry.DataStream = data;
        writer.WriteEntry(entry);
        return null;
    }

    private static void WriteLink(TarWriter writer, string path, string target)
    {
        const UnixFileMode Everything = (UnixFileMode)0b111_111_111;
        var entry = Entry(TarEntryType.SymbolicLink, path, Everything, target);
        entry.LinkName = target;
        writer.WriteEntry(entry);
    }

    /// <remarks>Long names go in GNU's form: .NET's pax headers carry the process id and are not reproducible.</remarks>
    private static TarEntry Entry(TarEntryType type, string path, UnixFileMode mode, string link = "")
    {
        const int PlainNameBytes = 99;
        var isPlain = path.Length < PlainNameBytes && link.Length < PlainNameBytes
            && System.Text.Ascii.IsValid(path) && System.Text.Ascii.IsValid(link);
        TarEntry entry = isPlain ? new UstarTarEntry(type, path) : new GnuTarEntry(type, path)
        {
            AccessTime = default,
            ChangeTime = default,
        };
        entry.Mode = mode & (UnixFileMode)0b111_111_111;
        entry.ModificationTime = DateTimeOffset.UnixEpoch;
        return entry;
    }

    /// <summary>
    /// What an empty file really is. The framework tells only when it packs one (a FIFO must not be opened: that would
    /// block), so it is packed for a look at the kind.
    /// </summary>
    private static TarEntryType? Kind(FileInfo file)
    {
        using var probe = new MemoryStream();
        try
        {
            using (var writer = new TarWriter(probe, TarEntryFormat.Ustar, leaveOpen: true))
            {
                writer.WriteEntry(file.FullName, "probe");
            }
        }
        catch (IOException) when (file.Exists)
        {
            return null; // a socket
        }
        probe.Position = 0;
        using var reader = new System.Formats.Tar.TarReader(probe);
        return reader.GetNextEntry()?.EntryType;
    }
}
