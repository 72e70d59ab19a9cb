using System.Runtime.InteropServices;
using Meerkat.Storage.Posix;

namespace Meerkat.Storage;

/// <summary>A file of the real file system.</summary>
internal sealed class HostFile(int descriptor, string path) : IVolumeFile
{
    private const int Interrupted = 4;

    private bool closed;

    public long Length => HostVolume.Stat(descriptor, "", Libc.AtEmptyPath, path)!.Value.Bytes;

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
        if (Libc.FSync(descriptor) != 0)
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

    private void ThrowUnlessInterrupted(string operation)
    {
        var errno = Marshal.GetLastPInvokeError();
        if (errno != Interrupted)
        {
            throw new StorageException(operation, path, errno);
        }
    }
}
