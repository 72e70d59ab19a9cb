using System.Runtime.InteropServices;
using Meerkat.Storage.Posix;

namespace Meerkat.Storage;

/// <summary>A file of the real file system.</summary>
internal sealed class HostFile(int descriptor, string path) : IVolumeFile
{
    private const int Interrupted = 4;

    /// <summary>So much of a file that is written from its start to its end goes to the medium at a time.</summary>
    private const long WriteBackBytes = 1 << 20;

    private bool closed;
    private long written;
    private long writtenBack;

    public long Length => HostVolume.Stat(descriptor, "", Libc.AtEmptyPath, path)!.Value.Bytes;

    public bool WaitsForMedium => true;

    public string Identity => HostVolume.Identity(descriptor, path);

    public int Read(Span<byte> buffer, long offset)
    {
        while (true)
        {
            var count = Libc.PRead(descriptor, buffer, buffer.Length, offset);
            if (count >= 0)
            {
                return (int)count;
            }
            ThrowUnlessInterrupted("read");
        }
    }

    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            var count = Libc.PWrite(descriptor, bytes, bytes.Length, offset);
            if (count < 0)
            {
                ThrowUnlessInterrupted("write");
                continue;
            }
            bytes = bytes[(int)count..];
            offset += count;
            WriteBack(offset);
        }
    }

    public void Truncate(long length)
    {
        if (Libc.FTruncate(descriptor, length) != 0)
        {
            throw new StorageException("truncate", path, Marshal.GetLastPInvokeError());
        }
    }

    public void Flush()
    {
        if (Posix.Flush.File(descriptor) != 0)
        {
            throw new StorageException("flush", path, Marshal.GetLastPInvokeError());
        }
    }

    public void Dispose()
    {
        if (!closed)
        {
            closed = true;
            _ = Libc.Close(descriptor);
        }
    }

    /// <summary>
    /// The medium begins to work while the rest is still to come, and the flush at the end has less to wait for. Whether it
    /// begins or not changes nothing but the time, and only the flush counts: what this call says is not looked at.
    /// </summary>
    private void WriteBack(long end)
    {
        written = Math.Max(written, end);
        if (written - writtenBack >= WriteBackBytes)
        {
            _ = Libc.SyncFileRange(descriptor, writtenBack, written - writtenBack, Libc.SyncFileRangeWrite);
            writtenBack = written;
        }
    }

    private void ThrowUnlessInterrupted(string operation)
    {
        var errno = Marshal.GetLastPInvokeError();
        if (errno != Interrupted)
        {
            throw new StorageException(operation, path, errno);
        }
    }
}
