using System.Collections.Immutable;
using System.Text;

namespace Meerkat.Storage;

/// <summary>Whole files and trees over the single operations of a volume.</summary>
public static class VolumeTrees
{
    /// <summary>
    /// The longest path below a directory that is looked at. The system lets no program name a longer one (PATH_MAX), so what
    /// lies deeper was made only to be in the way.
    /// </summary>
    public const int LongestPath = 4096;

    private const int OwnerMayAll = 0x1C0;
    private const int DeepestInPlace = 32;

    /// <summary>Reads a small file; nothing when there is none.</summary>
    /// <exception cref="StorageException">The file is longer than <paramref name="mostBytes"/> or cannot be read.</exception>
    public static byte[]? ReadSmall(this IVolume volume, string path, int mostBytes)
    {
        if (volume.Find(path) is not { Kind: EntryKind.File } entry)
        {
            return null;
        }
        if (entry.Bytes > mostBytes)
        {
            const int fileTooBigErrno = 27;
            throw new StorageException("read", path, fileTooBigErrno);
        }
        using var file = volume.OpenRead(path);
        var bytes = new byte[(int)entry.Bytes];
        var length = 0;
        while (length < bytes.Length && file.Read(bytes.AsSpan(length), length) is > 0 and var count)
        {
            length += count;
        }
        return bytes[..length];
    }

    /// <summary>Replaces a file in one durable step: a temporary name beside it, flush, rename, flush of the directory.</summary>
    public static void Replace(this IVolume volume, string path, ReadOnlySpan<byte> contents, int mode)
    {
        var temporary = path + ".new";
        volume.RemoveIfThere(temporary);
        try
        {
            using (var file = volume.Create(temporary, mode))
            {
                file.Write(contents, 0);
                file.Flush();
            }
            volume.Rename(temporary, path);
        }
        catch (StorageException)
        {
            // On a full medium half a file would keep what little space there is.
            volume.RemoveIfPossible(temporary);
            throw;
        }
        volume.FlushDirectory(Parent(path));
    }

    private static void RemoveIfPossible(this IVolume volume, string path)
    {
        try
        {
            volume.RemoveIfThere(path);
        }
        catch (StorageException)
        {
            // The fault that led here says more.
        }
    }

    public static void Replace(this IVolume volume, string path, string contents, int mode) =>
        volume.Replace(path, Encoding.UTF8.GetBytes(contents), mode);

    public static void RemoveIfThere(this IVolume volume, string path)
    {
        if (volume.Find(path) is not null)
        {
            volume.Remove(path);
        }
    }

    /// <summary>Makes a directory unless it is there.</summary>
    public static void EnsureDirectory(this IVolume volume, string path, int mode)
    {
        if (volume.Find(path) is null)
        {
            volume.CreateDirectory(path, mode);
        }
    }

    /// <summary>Removes whatever is at the path, with all below it; nothing when there is nothing.</summary>
    public static void RemoveTree(this IVolume volume, string path)
    {
        if (volume.Find(path) is not { } top)
        {
            return;
        }
        if (top.Kind != EntryKind.Directory)
        {
            volume.Remove(path);
            return;
        }
        // Not recursive, and what lies deep is moved up first: a firmware may leave a tree deeper than any stack, and so
        // deep that walking to its bottom again and again would take hours.
        volume.OpenUp(path, top.Attributes);
        var moved = 0;
        var directories = new Stack<(string Path, int Depth, bool Emptied)>();
        directories.Push((path, 0, false));
        while (directories.TryPop(out var directory))
        {
            if (directory.Emptied)
            {
                volume.Remove(directory.Path);
                continue;
            }
            directories.Push(directory with { Emptied = true });
            foreach (var entry in volume.List(directory.Path))
            {
                var inside = directory.Path + "/" + entry.Name;
                if (entry.Kind != EntryKind.Directory)
                {
                    volume.Remove(inside);
                    continue;
                }
                volume.OpenUp(inside, entry.Attributes);
                if (directory.Depth < DeepestInPlace)
                {
                    directories.Push((inside, directory.Depth + 1, false));
                    continue;
                }
                var up = FreeName(volume, path, ref moved);
                volume.Rename(inside, up);
                directories.Push((up, 1, false));
            }
        }
    }

    /// <summary>Bytes of all regular files below a directory.</summary>
    public static long TreeBytes(this IVolume volume, string path)
    {
        if (volume.Find(path) is not { Kind: EntryKind.Directory })
        {
            return 0;
        }
        long bytes = 0;
        var directories = new Stack<string>();
        directories.Push(path);
        while (directories.TryPop(out var directory))
        {
            foreach (var entry in ListOrNothing(volume, directory))
            {
                if (entry.Kind == EntryKind.Directory && directory.Length + entry.Name.Length < LongestPath)
                {
                    directories.Push(directory + "/" + entry.Name);
                }
                else if (entry.Kind == EntryKind.File)
                {
                    bytes += entry.Bytes;
                }
            }
        }
        return bytes;
    }

    /// <summary>A directory that a running firmware has removed meanwhile takes no space.</summary>
    private static ImmutableArray<VolumeEntry> ListOrNothing(IVolume volume, string directory)
    {
        try
        {
            return volume.List(directory);
        }
        catch (StorageException fault) when (fault.IsNotFound)
        {
            return [];
        }
    }

    public static string Parent(string path) =>
        path.LastIndexOf('/') is >= 0 and var slash ? path[..slash] : "";

    /// <summary>A directory that its owner may not change is opened up first: it is about to go.</summary>
    private static void OpenUp(this IVolume volume, string path, EntryAttributes attributes)
    {
        if ((attributes.Mode & OwnerMayAll) != OwnerMayAll)
        {
            volume.SetAttributes(path, attributes with { Mode = OwnerMayAll });
        }
    }

    private static string FreeName(IVolume volume, string directory, ref int last)
    {
        string name;
        do
        {
            name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{directory}/.removed-{++last}");
        }
        while (volume.Find(name) is not null);
        return name;
    }
}
