using Meerkat.Boot;
using Meerkat.Storage;

namespace Meerkat.Device.Logs;

/// <summary>
/// Reads a log while it is written and rotated. A place in it is a file's identity and an offset, so that a reader who comes back
/// misses nothing and reads nothing twice as long as the file is kept, under whichever name.
/// </summary>
public static class LogReader
{
    /// <summary>The last lines.</summary>
    /// <param name="volume">The device's root.</param>
    /// <param name="path">The newer file.</param>
    /// <param name="lines">0: only the place at the end.</param>
    /// <param name="most">Bytes that the text takes in JSON at most.</param>
    /// <exception cref="StorageException">A file cannot be read.</exception>
    public static LogPiece Last(IVolume volume, string path, int lines, int most)
    {
        using var files = OpenLog.Open(volume, path);
        var first = Math.Max(0, files.Bytes - most);
        var bytes = files.Read(first, most);
        var text = LogText.Decode(WithoutBrokenStart(bytes, first), int.MaxValue, out var used);
        var skipped = bytes.Length - WithoutBrokenStart(bytes, first).Length;
        var asked = LogText.LastLines(text, lines);
        var shown = LogText.End(asked, most);
        return new LogPiece(
            shown,
            files.PositionOf(first + skipped + used),
            Cut: shown.Length < asked.Length || (first > 0 && asked.Length == text.Length && lines > 0));
    }

    /// <summary>What follows a place.</summary>
    /// <param name="volume">The device's root.</param>
    /// <param name="path">The newer file.</param>
    /// <param name="from">Where the last piece ended.</param>
    /// <param name="most">Bytes that the text takes in JSON at most.</param>
    /// <exception cref="StorageException">A file cannot be read.</exception>
    public static LogPiece Since(IVolume volume, string path, LogPosition from, int most)
    {
        using var files = OpenLog.Open(volume, path);
        var start = files.Find(from);
        var bytes = files.Read(start ?? 0, most);
        var text = LogText.Decode(bytes, most, out var used);
        var end = (start ?? 0) + used;
        return new LogPiece(text, files.PositionOf(end), More: used > 0 && end < files.Bytes, Missed: start is null);
    }

    /// <summary>A piece that begins in the middle of a character would begin with a broken one.</summary>
    private static ReadOnlySpan<byte> WithoutBrokenStart(ReadOnlySpan<byte> bytes, long first)
    {
        const int longestRest = 3;
        var skip = 0;
        while (first > 0 && skip < bytes.Length && skip < longestRest && (bytes[skip] & 0xC0) == 0x80)
        {
            skip++;
        }
        return bytes[skip..];
    }

    /// <summary>The files of a log as one run of bytes, the older one first, as long as they were when they were opened.</summary>
    private sealed class OpenLog : IDisposable
    {
        private readonly List<(IVolumeFile File, string Identity, long Start, long Length)> files = [];

        public long Bytes { get; private set; }

        public static OpenLog Open(IVolume volume, string path)
        {
            var log = new OpenLog();
            try
            {
                // The newer one first: should the log be rotated in between, the same file is opened twice and none is missed.
                var newer = TryOpen(volume, path);
                var older = TryOpen(volume, LogFiles.Older(path));
                if (older is not null && older.Identity == newer?.Identity)
                {
                    older.Dispose();
                    older = null;
                }
                log.Add(older);
                log.Add(newer);
                return log;
            }
            catch
            {
                log.Dispose();
                throw;
            }
        }

        /// <summary>Nothing when the place is not kept any more.</summary>
        public long? Find(LogPosition position)
        {
            if (position == LogPosition.Oldest)
            {
                return 0;
            }
            foreach (var (_, identity, start, length) in files)
            {
                if (identity == position.File && position.Offset <= length)
                {
                    return start + position.Offset;
                }
            }
            return null;
        }

        public byte[] Read(long from, int most)
        {
            var bytes = new byte[(int)Math.Min(most, Bytes - from)];
            var filled = 0;
            foreach (var (file, _, start, length) in files)
            {
                var end = start + length;
                while (from + filled < end && filled < bytes.Length)
                {
                    var count = file.Read(
                        bytes.AsSpan(filled, (int)Math.Min(bytes.Length - filled, end - from - filled)), from + filled - start);
                    if (count == 0)
                    {
                        return bytes[..filled];
                    }
                    filled += count;
                }
            }
            return bytes;
        }

        public LogPosition PositionOf(long at)
        {
            var position = LogPosition.Oldest;
            foreach (var (_, identity, start, _) in files.Where(file => file.Start <= at))
            {
                position = new LogPosition(identity, at - start);
            }
            return position;
        }

        public void Dispose() => files.ForEach(each => each.File.Dispose());

        private void Add(IVolumeFile? file)
        {
            if (file is not null)
            {
                var length = file.Length;
                files.Add((file, file.Identity, Bytes, length));
                Bytes += length;
            }
        }

        private static IVolumeFile? TryOpen(IVolume volume, string path)
        {
            try
            {
                return volume.OpenRead(path);
            }
            catch (StorageException fault) when (fault.IsNotFound)
            {
                return null;
            }
        }
    }
}
