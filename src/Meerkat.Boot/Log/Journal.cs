using System.Net.Sockets;
using Meerkat.Boot.Posix;

namespace Meerkat.Boot.Log;

/// <summary>The system's journal, spoken to in its own protocol so that lines keep their fields.</summary>
internal sealed class Journal : IDisposable
{
    public const string SocketPath = "/run/systemd/journal/socket";
    public const string StreamVariable = "JOURNAL_STREAM";

    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly UnixDomainSocketEndPoint address;
    private readonly Stream instead;

    /// <param name="path">The journal's socket.</param>
    /// <param name="instead">Gets the words of lines that the journal does not take.</param>
    public Journal(string path, Stream instead)
    {
        address = new UnixDomainSocketEndPoint(path);
        this.instead = instead;
    }

    /// <summary>Named in each entry; empty until it is known.</summary>
    public string Device { get; set; } = "";

    /// <summary>
    /// The journal, when a file descriptor is connected to it by the word of systemd.exec(5): the variable names the descriptor's
    /// device and inode. Whoever sent the output elsewhere wants it there.
    /// </summary>
    /// <param name="stream">The value of JOURNAL_STREAM.</param>
    /// <param name="descriptor">Where errors go.</param>
    /// <param name="path">The journal's socket.</param>
    /// <param name="instead">Gets the words of lines that the journal does not take.</param>
    public static Journal? Find(string? stream, int descriptor, string path, Stream instead) =>
        stream is { Length: > 0 } && stream == FileIdentity.Of(descriptor) && File.Exists(path) ? new Journal(path, instead) : null;

    /// <summary>Takes a whole entry, or what a program printed.</summary>
    /// <param name="bytes">Without a program: an entry, ready to be sent. With one: some of its output; none at its end.</param>
    /// <param name="from">The program.</param>
    public void Put(byte[] bytes, ProgramLines? from)
    {
        if (from is null)
        {
            Send(bytes, bytes);
        }
        else
        {
            from.Take(bytes, (happened, line) => Send(JournalEntry.Of(from.Name, Device, happened, line), line));
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        instead.Dispose();
    }

    private void Send(byte[] entry, ReadOnlySpan<byte> words)
    {
        try
        {
            socket.SendTo(entry, address);
        }
        catch (SocketException)
        {
            // The journal is gone or full: the words are worth more than their fields.
            instead.Write(words);
            instead.WriteByte((byte)'\n');
            instead.Flush();
        }
    }
}
