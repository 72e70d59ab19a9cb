using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>
/// A datagram socket in the journal's place, and what arrives at it, decoded by the description of the protocol
/// (systemd.io/JOURNAL_NATIVE_PROTOCOL).
/// </summary>
internal sealed class JournalSocket : IAsyncDisposable
{
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly List<Dictionary<string, string>> entries = [];
    private readonly Task receiving;

    public JournalSocket(string path)
    {
        socket.Bind(new UnixDomainSocketEndPoint(path));
        receiving = Task.Run(Receive);
    }

    public IReadOnlyList<Dictionary<string, string>> Entries
    {
        get
        {
            lock (entries)
            {
                return [.. entries];
            }
        }
    }

    /// <summary>Waits for an entry.</summary>
    public async Task<Dictionary<string, string>> GetsAsync(string what, Func<Dictionary<string, string>, bool> condition)
    {
        await Eventually.HoldsAsync($"the journal gets {what}; it has\n{this}", () => Entries.Any(condition));
        return Entries.First(condition);
    }

    public Task<Dictionary<string, string>> GetsEventAsync(string name) =>
        GetsAsync(name, entry => entry.GetValueOrDefault("MEERKAT_EVENT") == name);

    public override string ToString() => string.Join(
        '\n', Entries.Select(entry => string.Join(' ', entry.Select(field => $"{field.Key}={field.Value}"))));

    public static Dictionary<string, string> Decode(ReadOnlySpan<byte> datagram)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!datagram.IsEmpty)
        {
            var end = datagram.IndexOfAny((byte)'=', (byte)'\n');
            Assert.True(end > 0, "a field has a name");
            var name = Encoding.ASCII.GetString(datagram[..end]);
            Assert.Matches("^[A-Z][A-Z0-9_]{0,63}$", name);
            var counted = datagram[end] == (byte)'\n';
            datagram = datagram[(end + 1)..];
            int length;
            if (counted)
            {
                length = (int)BinaryPrimitives.ReadUInt64LittleEndian(datagram);
                datagram = datagram[sizeof(ulong)..];
            }
            else
            {
                length = datagram.IndexOf((byte)'\n');
            }
            Assert.True(fields.TryAdd(name, Encoding.UTF8.GetString(datagram[..length])), $"{name} comes twice");
            Assert.Equal((byte)'\n', datagram[length]);
            datagram = datagram[(length + 1)..];
        }
        return fields;
    }

    public async ValueTask DisposeAsync()
    {
        // A socket that is closed wakes nobody who waits for a datagram without an address.
        socket.Shutdown(SocketShutdown.Both);
        await receiving;
        socket.Dispose();
    }

    private void Receive()
    {
        var block = new byte[1 << 20];
        while (socket.Receive(block) is > 0 and var count)
        {
            var fields = Decode(block.AsSpan(0, count));
            lock (entries)
            {
                entries.Add(fields);
            }
        }
    }
}
