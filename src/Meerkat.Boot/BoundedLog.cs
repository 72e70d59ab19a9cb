using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// A log of two files of at most 1 MiB each: a full one is renamed and a new one begun. A full disk loses lines, never the
/// writer. May be written from any thread.
/// </summary>
internal sealed class BoundedLog(IVolume volume, string path) : IDisposable
{
    private const long MostBytes = 1 << 20;
    private const int FileMode = 0x1A0;

    private readonly Lock gate = new();
    private IVolumeFile? file;
    private long length;
    private bool ended;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            if (ended)
            {
                return;
            }
            try
            {
                if (file is null || length > MostBytes)
                {
                    file?.Dispose();
                    (file, length) = Open(length > MostBytes);
                }
                file.Write(bytes, length);
                length += bytes.Length;
            }
            catch (StorageException)
            {
                Close();
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            ended = true;
            Close();
        }
    }

    private void Close()
    {
        file?.Dispose();
        file = null;
        length = 0;
    }

    private (IVolumeFile File, long Length) Open(bool full)
    {
        var found = volume.Find(path);
        if (found is { } entry && (full || entry.Bytes > MostBytes))
        {
            volume.Rename(path, LogFiles.Older(path));
            found = null;
        }
        return found is null ? (volume.Create(path, FileMode), 0) : (volume.OpenWrite(path), found.Value.Bytes);
    }
}
