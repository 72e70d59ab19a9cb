using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Meerkat.Boot.Log;

/// <summary>
/// One line in journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram of fields. What is longer than
/// <see cref="MostMessageBytes"/> is cut there: a datagram has a limit, and nobody reads a line of that length.
/// </summary>
internal static class JournalEntry
{
    /// <summary>The journal's own limit for lines of a stream (LineMax in journald.conf).</summary>
    public const int MostMessageBytes = 48 * 1024;

    /// <summary>An event of the boot loader itself.</summary>
    public static byte[] Of(string identifier, string device, LogEvent happened) =>
        Of(identifier, device, happened, Encoding.UTF8.GetBytes(happened.Text));

    /// <summary>An event whose words are bytes as a program printed them.</summary>
    public static byte[] Of(string identifier, string device, LogEvent happened, ReadOnlySpan<byte> message)
    {
        using var entry = new MemoryStream();
        Put(entry, "MESSAGE", message.Length > MostMessageBytes ? message[..MostMessageBytes] : message);
        Put(entry, "PRIORITY", Text((int)happened.Severity));
        Put(entry, "SYSLOG_IDENTIFIER", identifier);
        Put(entry, "MEERKAT_DEVICE", device);
        Put(entry, "MEERKAT_EVENT", happened.Name);
        Put(entry, "MEERKAT_SLOT", happened.Slot is { } slot ? Text(slot) : "");
        Put(entry, "MEERKAT_VERSION", happened.Version ?? "");
        Put(entry, "MEERKAT_REASON", happened.Reason ?? "");
        return entry.ToArray();
    }

    private static void Put(MemoryStream entry, string name, string value)
    {
        if (value.Length > 0)
        {
            Put(entry, name, Encoding.UTF8.GetBytes(value));
        }
    }

    private static void Put(MemoryStream entry, string name, ReadOnlySpan<byte> value)
    {
        entry.Write(Encoding.ASCII.GetBytes(name));
        if (value.Contains((byte)'\n'))
        {
            Span<byte> length = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)value.Length);
            entry.WriteByte((byte)'\n');
            entry.Write(length);
        }
        else
        {
            entry.WriteByte((byte)'=');
        }
        entry.Write(value);
        entry.WriteByte((byte)'\n');
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
