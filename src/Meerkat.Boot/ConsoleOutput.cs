using System.Collections.Concurrent;
using Meerkat.Boot.Log;

namespace Meerkat.Boot;

/// <summary>
/// One of the boot loader's own output streams, or the journal. Writing never waits: when nobody reads the other end of the pipe, lines
/// are lost, but neither the device nor its firmware stands still for them.
/// </summary>
public sealed class ConsoleOutput : IDisposable
{
    private const int MostPending = 256;
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromMilliseconds(500);

    private readonly BlockingCollection<(byte[] Bytes, ProgramLines? From)> pending = new(MostPending);
    private readonly Action<byte[], ProgramLines?> put;
    private readonly IDisposable end;
    private readonly Thread writer;

    public ConsoleOutput(Stream stream)
        : this(
            (bytes, _) =>
            {
                stream.Write(bytes);
                stream.Flush();
            },
            stream)
    {
    }

    internal ConsoleOutput(Journal journal)
        : this(journal.Put, journal) => IsJournal = true;

    private ConsoleOutput(Action<byte[], ProgramLines?> put, IDisposable end)
    {
        this.put = put;
        this.end = end;
        writer = new Thread(Copy) { IsBackground = true, Name = "console" };
        writer.Start();
    }

    /// <summary>What is written without a program must be a whole entry of the journal then.</summary>
    public bool IsJournal { get; }

    /// <param name="bytes">Some output; none at a program's end.</param>
    /// <param name="from">The program that printed it; none for the boot loader itself.</param>
    public void Write(ReadOnlySpan<byte> bytes, ProgramLines? from = null)
    {
        if (!pending.IsAddingCompleted)
        {
            pending.TryAdd((bytes.ToArray(), from));
        }
    }

    /// <summary>Writes out what is pending, for half a second at most.</summary>
    public void Dispose()
    {
        pending.CompleteAdding();
        if (writer.Join(FlushTimeout))
        {
            pending.Dispose();
            end.Dispose();
        }
    }

    private void Copy()
    {
        foreach (var (bytes, from) in pending.GetConsumingEnumerable())
        {
            try
            {
                put(bytes, from);
            }
            catch (IOException)
            {
                // Nobody reads: the log files have it.
            }
        }
    }
}
