using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using Meerkat.Storage.Posix;

namespace Meerkat.Storage;

/// <summary>
/// A directory of the real file system. A path is walked from the root's descriptor one name at a time, never through
/// a link, so nothing that a firmware leaves in its file system can lead out of it.
/// </summary>
public sealed class HostVolume : IVolume, IDisposable
{
    private const int NotFoundErrno = 2;
    private const int PermissionErrno = 1;
    private const int InvalidErrno = 22;
    private const int DirentNameOffset = 19;
    private const uint StatBasic = 0x7ff;
    private const uint StatBirth = 0x800;

    private static readonly byte[] Here = [(byte)'.', 0];

    private readonly string root;
    private readonly int rootDescriptor;

    /// <exception cref="StorageException">The directory cannot be opened.</exception>
    public HostVolume(string root)
    {
        this.root = Path.GetFullPath(root);
        rootDescriptor = Libc.OpenAt(
            Libc.AtFdCwd, FileName.Encode(this.root), Libc.OPath | Libc.ODirectory | Libc.OCloseOnExec, 0);
        if (rootDescriptor < 0)
        {
            throw new StorageException("open", this.root, Marshal.GetLastPInvokeError());
        }
    }

    public long FreeBytes => new DriveInfo(root).AvailableFreeSpace;

    public void Dispose() => _ = Libc.Close(rootDescriptor);

    public VolumeEntry? Find(string path)
    {
        try
        {
            using var parent = OpenParent(path, out var name);
            return Stat(parent.Descriptor, name, Libc.AtSymlinkNoFollow | (name.Length == 0 ? Libc.AtEmptyPath : 0), path);
        }
        catch (StorageException fault) when (fault.IsNotFound || fault.IsLink)
        {
            return null;
        }
    }

    public ImmutableArray<VolumeEntry> List(string path)
    {
        using var opened = Open(path, Libc.OReadOnly | Libc.ODirectory);
        // The stream owns a descriptor of its own; the one here serves to look at the entries.
        var copy = Libc.OpenAt(opened.Descriptor, Here, Libc.OReadOnly | Libc.ODirectory | Libc.OCloseOnExec, 0);
        var stream = copy < 0 ? 0 : Libc.FdOpenDir(copy);
        if (stream == 0)
        {
            throw new StorageException("list", path, Marshal.GetLastPInvokeError());
        }
        try
        {
            var entries = ImmutableArray.CreateBuilder<VolumeEntry>();
            foreach (var name in Names(stream, path))
            {
                if (Stat(opened.Descriptor, name, Libc.AtSymlinkNoFollow, path) is { } entry)
                {
                    entries.Add(entry);
                }
            }
            entries.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
            return entries.ToImmutable();
        }
        finally
        {
            _ = Libc.CloseDir(stream);
        }
    }

    public IVolumeFile OpenRead(string path) => OpenFile(path, Libc.OReadOnly, 0, "open");

    public IVolumeFile OpenWrite(string path) => OpenFile(path, Libc.OReadWrite, 0, "open");

    public IVolumeFile Create(string path, int mode) =>
        OpenFile(path, Libc.OReadWrite | Libc.OCreate | Libc.OExclusive, mode, "create");

    public void CreateDirectory(string path, int mode)
    {
        using var parent = OpenParent(path, out var name);
        Check(Libc.MkdirAt(parent.Descriptor, FileName.Encode(name), (uint)mode), "create", path);
        using var made = Open(path, Libc.OReadOnly | Libc.ODirectory);
        Check(Libc.FChMod(made.Descriptor, (uint)mode), "set the mode of", path);
    }

    public void CreateLink(string path, string target)
    {
        using var parent = OpenParent(path, out var name);
        Check(Libc.SymlinkAt(FileName.Encode(target), parent.Descriptor, FileName.Encode(name)), "create", path);
    }

    public string ReadLink(string path)
    {
        using var parent = OpenParent(path, out var name);
        var buffer = new byte[4096];
        var length = Libc.ReadLinkAt(parent.Descriptor, FileName.Encode(name), buffer, buffer.Length);
        Check((int)Math.Min(length, 0), "read", path);
        return FileName.Decode(buffer.AsSpan(0, (int)length));
    }

    public void Rename(string from, string to)
    {
        using var source = OpenParent(from, out var sourceName);
        using var target = OpenParent(to, out var targetName);
        var result = Libc.RenameAt(
            source.Descriptor, FileName.Encode(sourceName), target.Descriptor, FileName.Encode(targetName));
        Check(result, "rename", $"{from} to {to}");
    }

    public void Remove(string path)
    {
        using var parent = OpenParent(path, out var name);
        var kind = Stat(parent.Descriptor, name, Libc.AtSymlinkNoFollow, path)?.Kind;
        var flags = kind == EntryKind.Directory ? Libc.AtRemoveDir : 0;
        Check(Libc.UnlinkAt(parent.Descriptor, FileName.Encode(name), flags), "remove", path);
    }

    public unsafe void SetAttributes(string path, EntryAttributes attributes)
    {
        using var parent = OpenParent(path, out var name);
        var encoded = FileName.Encode(name);
        var owned = Libc.FChOwnAt(
            parent.Descriptor, encoded, attributes.User, attributes.Group, Libc.AtSymlinkNoFollow);
        if (owned != 0 && Marshal.GetLastPInvokeError() != PermissionErrno)
        {
            Check(owned, "set the owner of", path);
        }
        if (Find(path)?.Kind is EntryKind.File or EntryKind.Directory)
        {
            // The descriptor's own path, because one that cannot be opened to be read has no other way to its mode.
            using var opened = Open(path, Libc.OPath);
            var itself = FileName.Encode(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{opened.Descriptor}"));
            Check(Libc.ChMod(itself, (uint)attributes.Mode), "set the mode of", path);
        }
        var ticks = attributes.Modified.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        var (seconds, rest) = Math.DivRem(ticks, TimeSpan.TicksPerSecond);
        var time = rest < 0
            ? new Libc.TimeSpec { Seconds = seconds - 1, Nanoseconds = (rest + TimeSpan.TicksPerSecond) * 100 }
            : new Libc.TimeSpec { Seconds = seconds, Nanoseconds = rest * 100 };
        var times = stackalloc Libc.TimeSpec[] { time, time };
        Check(Libc.UTimeNsAt(parent.Descriptor, encoded, times, Libc.AtSymlinkNoFollow), "set the time of", path);
    }

    public void FlushDirectory(string path)
    {
        using var opened = Open(path, Libc.OReadOnly | Libc.ODirectory);
        Check(Flush.Directory(opened.Descriptor), "flush", path);
    }

    public void WriteBack()
    {
        using var opened = Open("", Libc.OReadOnly | Libc.ODirectory);
        // A fault of the medium shows in the flush of the file that it hit.
        _ = Flush.FileSystem(opened.Descriptor);
    }

    /// <summary>Takes the exclusive lock on a file for the life of the returned handle; none when somebody else has it.</summary>
    public IDisposable? TryLock(string path)
    {
        var file = OpenToLock(path);
        if (Libc.FLock(file.Descriptor, Libc.LockExclusive | Libc.LockNonBlocking) == 0)
        {
            return file;
        }
        file.Dispose();
        return null;
    }

    /// <summary>On a read-only medium the file that is there serves as well.</summary>
    private Handle OpenToLock(string path)
    {
        try
        {
            return Open(path, Libc.OReadWrite | Libc.OCreate, 0x180);
        }
        catch (StorageException fault) when (fault.IsReadOnly)
        {
            return Open(path, Libc.OReadOnly);
        }
    }

    /// <summary>What stands at a name below a descriptor; nothing when there is nothing.</summary>
    internal static unsafe VolumeEntry? Stat(int directory, string name, int flags, string path)
    {
        // struct statx is the same on every processor: mode at 28, size at 40, uid and gid at 20, mtime at 112.
        var buffer = stackalloc byte[256];
        if (Libc.StatX(directory, FileName.Encode(name), flags, StatBasic, buffer) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            return errno == NotFoundErrno ? null : throw new StorageException("look at", path, errno);
        }
        var stat = new ReadOnlySpan<byte>(buffer, 256);
        var mode = BinaryPrimitives.ReadUInt16LittleEndian(stat[28..]);
        var seconds = BinaryPrimitives.ReadInt64LittleEndian(stat[112..]);
        var nanoseconds = BinaryPrimitives.ReadUInt32LittleEndian(stat[120..]);
        // A time that no calendar of ours holds is cut to its ends.
        var whole = Math.Clamp(seconds, -62135596800, 253402300798);
        var modified = DateTimeOffset.FromUnixTimeSeconds(whole).AddTicks(nanoseconds / 100);
        var kind = (mode & 0xF000) switch
        {
            0x8000 => EntryKind.File,
            0x4000 => EntryKind.Directory,
            0xA000 => EntryKind.Link,
            _ => EntryKind.Special,
        };
        return new VolumeEntry(
            name,
            kind,
            BinaryPrimitives.ReadInt64LittleEndian(stat[40..]),
            new EntryAttributes(
                mode & 0xFFF,
                BinaryPrimitives.ReadUInt32LittleEndian(stat[20..]),
                BinaryPrimitives.ReadUInt32LittleEndian(stat[24..]),
                modified));
    }

    /// <summary>
    /// The file's number, and because numbers are used again also the time of its birth, where the file system knows it.
    /// </summary>
    internal static unsafe string Identity(int descriptor, string path)
    {
        // struct statx: mask at 0, inode at 32, btime at 80.
        var buffer = stackalloc byte[256];
        Check(Libc.StatX(descriptor, FileName.Encode(""), Libc.AtEmptyPath, StatBasic | StatBirth, buffer), "look at", path);
        var stat = new ReadOnlySpan<byte>(buffer, 256);
        var inode = BinaryPrimitives.ReadUInt64LittleEndian(stat[32..]);
        return (BinaryPrimitives.ReadUInt32LittleEndian(stat) & StatBirth) == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{inode:x}")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{inode:x}-{BinaryPrimitives.ReadInt64LittleEndian(stat[80..]):x}-{BinaryPrimitives.ReadUInt32LittleEndian(stat[88..]):x}");
    }

    private static IEnumerable<string> Names(nint stream, string path)
    {
        while (true)
        {
            Marshal.SetLastPInvokeError(0);
            var entry = Libc.ReadDir(stream);
            if (entry == 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno != 0)
                {
                    throw new StorageException("list", path, errno);
                }
                yield break;
            }
            var name = NameAt(entry);
            if (name is not ("." or ".."))
            {
                yield return name;
            }
        }
    }

    private static unsafe string NameAt(nint entry) =>
        FileName.Decode(MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)entry + DirentNameOffset));

    private HostFile OpenFile(string path, int flags, int mode, string operation)
    {
        using var parent = OpenParent(path, out var name);
        var descriptor = OpenAt(parent.Descriptor, name, flags, mode);
        if (descriptor < 0)
        {
            throw new StorageException(operation, path, Marshal.GetLastPInvokeError());
        }
        var file = new HostFile(descriptor, path);
        try
        {
            if (Stat(descriptor, "", Libc.AtEmptyPath, path)!.Value.Kind != EntryKind.File)
            {
                throw new StorageException(operation + " as a regular file", path, InvalidErrno);
            }
            if ((flags & Libc.OCreate) != 0)
            {
                Check(Libc.FChMod(descriptor, (uint)mode), "set the mode of", path);
            }
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private Handle Open(string path, int flags, int mode = 0)
    {
        using var parent = OpenParent(path, out var name);
        var descriptor = OpenAt(parent.Descriptor, name.Length == 0 ? "." : name, flags, mode);
        return descriptor >= 0
            ? new Handle(descriptor)
            : throw new StorageException("open", path, Marshal.GetLastPInvokeError());
    }

    private static int OpenAt(int directory, string name, int flags, int mode) => Libc.OpenAt(
        directory, FileName.Encode(name), flags | Libc.ONoFollow | Libc.OCloseOnExec | Libc.ONonBlock, (uint)mode);

    /// <summary>Walks to the directory that holds the last name of the path.</summary>
    private Handle OpenParent(string path, out string name)
    {
        var names = path.Length == 0 ? [] : path.Split('/');
        if (names.Any(part => part is "" or "." or ".."))
        {
            throw new ArgumentException($"a path must be relative, without empty names, '.' or '..': {path}", nameof(path));
        }
        name = names.Length == 0 ? "" : names[^1];
        var current = new Handle(Duplicate(path));
        foreach (var part in names.SkipLast(1))
        {
            var next = Libc.OpenAt(
                current.Descriptor, FileName.Encode(part),
                Libc.OPath | Libc.ODirectory | Libc.ONoFollow | Libc.OCloseOnExec, 0);
            var errno = Marshal.GetLastPInvokeError();
            current.Dispose();
            current = next >= 0 ? new Handle(next) : throw new StorageException("open", path, errno);
        }
        return current;
    }

    private int Duplicate(string path)
    {
        var copy = Libc.OpenAt(rootDescriptor, Here, Libc.OPath | Libc.ODirectory | Libc.OCloseOnExec, 0);
        return copy >= 0 ? copy : throw new StorageException("open", path, Marshal.GetLastPInvokeError());
    }

    private static void Check(int result, string operation, string path)
    {
        if (result != 0)
        {
            throw new StorageException(operation, path, Marshal.GetLastPInvokeError());
        }
    }

    private sealed class Handle(int descriptor) : IDisposable
    {
        public int Descriptor => descriptor;

        public void Dispose() => _ = Libc.Close(descriptor);
    }
}
