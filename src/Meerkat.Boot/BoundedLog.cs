using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// A log of two files of at most 1 MiB each: a full one is renamed and a new one begun. The medium sets 64 KiB aside ahead of the
/// writer: when a firmware fills it, what it says next is still kept. A full disk loses older lines first, then new ones, never the
/// writer. May be written from any thread.
/// </summary>
internal sealed class BoundedLog(IVolume volume, string path) : IDisposable
{
    private const long MostBytes = 1 << 20;
    private const long ReserveBytes = 64 << 10;
    private const int FileMode = 0x1A0;

    private readonly Lock gate = new();
    private IVolumeFile? file;
    private long length;
    private long reserved;
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
                    Open(full: length > MostBytes);
                }
                Append(bytes);
            }
            catch (StorageException fault)
            {
                if (!fault.IsNoSpace || !TryMakeRoom(bytes))
                {
                    Close();
                }
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

    private void Append(ReadOnlySpan<byte> bytes)
    {
        file!.Write(bytes, length);
        length += bytes.Length;
        if (length + (ReserveBytes / 2) > reserved)
        {
            reserved = length + ReserveBytes;
            file.Reserve(reserved);
        }
    }

    /// <summary>The older file's space for the newer lines, once there are enough of these to be the older ones.</summary>
    private bool TryMakeRoom(ReadOnlySpan<byte> bytes)
    {
        try
        {
            if (file is null || length < ReserveBytes || volume.Find(LogFiles.Older(path)) is null)
            {
                return false;
            }
            Open(full: true);
            Append(bytes);
            return true;
        }
        catch (StorageException)
        {
            return false;
        }
    }

    private void Close()
    {
        file?.Dispose();
        file = null;
        length = 0;
        reserved = 0;
    }

    private void Open(bool full)
    {
        if (full && file is not null)
        {
            // What was set aside behind its end is given back.
            file.Truncate(length);
        }
        Close();
        var found = volume.Find(path);
        if (found is { } entry && (full || entry.Bytes > MostBytes))
        {
            volume.Rename(path, LogFiles.Older(path));
            found = null;
        }
        (file, length) = found is null ? (volume.Create(path, FileMode), 0) : (volume.OpenWrite(path), found.Value.Bytes);
    }
}
