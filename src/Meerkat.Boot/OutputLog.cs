using Meerkat.Boot.Log;
using Meerkat.Boot.Posix;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// Takes what a program prints from a pipe into a bounded file, and on to the boot loader's own output. Two files of at
/// most 1 MiB each; a full disk loses lines, never the program.
/// </summary>
internal sealed class OutputLog
{
    private const long MostBytes = 1 << 20;
    private const int FileMode = 0x1A0;
    private const int BlockBytes = 16 * 1024;

    private readonly IVolume volume;
    private readonly string path;
    private readonly int readEnd;
    private readonly ConsoleOutput console;
    private readonly ProgramLines? lines;
    private readonly Thread thread;

    public OutputLog(IVolume volume, string path, int readEnd, ConsoleOutput console, ProgramLines? lines = null)
    {
        this.volume = volume;
        this.path = path;
        this.readEnd = readEnd;
        this.console = console;
        this.lines = lines;
        thread = new Thread(Copy) { IsBackground = true, Name = "output " + path };
        thread.Start();
    }

    /// <summary>Waits until all that was printed is in the file; an orphan that still holds the pipe is not waited for.</summary>
    public void Drain(TimeSpan atMost) => thread.Join(atMost);

    private unsafe void Copy()
    {
        var buffer = stackalloc byte[BlockBytes];
        IVolumeFile? file = null;
        long length = 0;
        while (Libc.Read(readEnd, buffer, BlockBytes) is > 0 and var count)
        {
            var bytes = new ReadOnlySpan<byte>(buffer, (int)count);
            try
            {
                if (file is null || length > MostBytes)
                {
                    file?.Dispose();
                    (file, length) = Open(length > MostBytes);
                }
                file.Write(bytes, length);
                length += count;
            }
            catch (StorageException)
            {
                file?.Dispose();
                file = null;
                length = 0;
            }
            console.Write(bytes, lines);
        }
        file?.Dispose();
        console.Write([], lines);
        _ = Libc.Close(readEnd);
    }

    private (IVolumeFile File, long Length) Open(bool full)
    {
        var found = volume.Find(path);
        if (found is { } entry && (full || entry.Bytes > MostBytes))
        {
            volume.Rename(path, path + ".1");
            found = null;
        }
        return found is null ? (volume.Create(path, FileMode), 0) : (volume.OpenWrite(path), found.Value.Bytes);
    }
}
