using System.Collections.Concurrent;

namespace Meerkat.Boot;

/// <summary>
/// One of the boot loader's own output streams. Writing never waits: when nobody reads the other end of the pipe, lines
/// are lost, but neither the device nor its firmware stands still for them.
/// </summary>
public sealed class ConsoleOutput : IDisposable
{
    private const int MostPending = 256;
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromMilliseconds(500);

    private readonly BlockingCollection<byte[]> pending = new(MostPending);
    private readonly Stream stream;
    private readonly Thread writer;

    public ConsoleOutput(Stream stream)
    {
        this.stream = stream;
        writer = new Thread(Copy) { IsBackground = true, Name = "console" };
        writer.Start();
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (!pending.IsAddingCompleted)
        {
            pending.TryAdd(bytes.ToArray());
        }
    }

    /// <summary>Writes out what is pending, for half a second at most.</summary>
    public void Dispose()
    {
        pending.CompleteAdding();
        if (writer.Join(FlushTimeout))
        {
            pending.Dispose();
            stream.Dispose();
        }
    }

    private void Copy()
    {
        foreach (var bytes in pending.GetConsumingEnumerable())
        {
            try
            {
                stream.Write(bytes);
                stream.Flush();
            }
            catch (IOException)
            {
                // Nobody reads: the log files have it.
            }
        }
    }
}
