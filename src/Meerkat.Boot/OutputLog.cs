using Meerkat.Boot.Log;
using Meerkat.Boot.Posix;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// Takes what a program prints from a pipe into a bounded log, and on to the boot loader's own output.
/// </summary>
internal sealed class OutputLog
{
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
        using var kept = new BoundedLog(volume, path);
        // Opened before the program says anything, or has filled the medium.
        kept.Write([]);
        while (Libc.Read(readEnd, buffer, BlockBytes) is > 0 and var count)
        {
            var bytes = new ReadOnlySpan<byte>(buffer, (int)count);
            kept.Write(bytes);
            console.Write(bytes, lines);
        }
        console.Write([], lines);
        _ = Libc.Close(readEnd);
    }
}
