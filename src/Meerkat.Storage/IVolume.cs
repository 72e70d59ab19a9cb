using System.Collections.Immutable;

namespace Meerkat.Storage;

/// <summary>
/// A directory tree with explicit durability: the only way to durable state. Paths are relative to the root, with
/// <c>/</c> between names; <c>""</c> is the root itself. No operation ever follows a symbolic link or leaves the root.
/// Nothing is durable before a flush: a file's contents by <see cref="IVolumeFile.Flush"/>, names by <see cref="FlushDirectory"/>.
/// Every operation throws <see cref="StorageException"/> when the system refuses it.
/// </summary>
public interface IVolume
{
    /// <summary>What is at the path; nothing when there is nothing.</summary>
    VolumeEntry? Find(string path);

    /// <summary>The entries of a directory, sorted by name (ordinal).</summary>
    ImmutableArray<VolumeEntry> List(string path);

    IVolumeFile OpenRead(string path);

    /// <summary>Opens an existing file to be overwritten in place.</summary>
    IVolumeFile OpenWrite(string path);

    /// <summary>Makes a new, empty file; refused when something is there.</summary>
    IVolumeFile Create(string path, int mode);

    /// <summary>Makes a directory; refused when something is there.</summary>
    void CreateDirectory(string path, int mode);

    void CreateLink(string path, string target);

    string ReadLink(string path);

    /// <summary>Renames within the volume; a file at <paramref name="to"/> is replaced in one step.</summary>
    void Rename(string from, string to);

    /// <summary>Removes a file, a link, a special file or an empty directory.</summary>
    void Remove(string path);

    /// <summary>Sets owner, mode and time; of a link only owner and time. The owner only where the system lets us.</summary>
    void SetAttributes(string path, EntryAttributes attributes);

    /// <summary>Makes the names in a directory durable.</summary>
    void FlushDirectory(string path);

    /// <summary>
    /// Has the medium work on all that was written so far, so that the flushes which follow wait for little. Promises nothing, and
    /// is no flush: a volume for which it means nothing leaves it out.
    /// </summary>
    /// <exception cref="StorageException">Something that was written could not be put on the medium.</exception>
    void WriteBack()
    {
    }

    /// <summary>Bytes that can still be written.</summary>
    long FreeBytes { get; }
}
