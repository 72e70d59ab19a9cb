using System.Buffers;
using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace Meerkat.Core.Protocol;

/// <summary>Frames as they travel in a stream (specification 7.5): pure ASCII, delimited, with a checksum where the peer uses them.</summary>
public static class StreamFrameWriter
{
    /// <summary>Answer to an empty line.</summary>
    public static readonly ReadOnlyMemory<byte> EmptyLine = "\n"u8.ToArray();

    /// <summary>"Are you there?", and the answer to it.</summary>
    public static readonly ReadOnlyMemory<byte> Probe = "\"\"\"\u0004\"\"\""u8.ToArray();

    /// <summary>What a caller sends until something comes back: a probe, and two line ends for devices that know no quotes.</summary>
    public static readonly ReadOnlyMemory<byte> Handshake = "\"\"\"\u0004\"\"\"\n\n"u8.ToArray();

    /// <param name="frame">JSON in UTF-8, one line.</param>
    /// <param name="quotes">Between three double quotes as well as line ends.</param>
    /// <param name="checksum">CRC-32 of the JSON behind it, eight hex digits.</param>
    public static byte[] Write(ReadOnlySpan<byte> frame, bool quotes, bool checksum)
    {
        var json = Ascii(frame);
        var line = new ArrayBufferWriter<byte>(json.Length + 20);
        line.Write("\n"u8);
        line.Write(quotes ? "\"\"\""u8 : ""u8);
        line.Write(json);
        if (checksum)
        {
            line.Write(Encoding.ASCII.GetBytes(Crc32.HashToUInt32(json).ToString("x8", CultureInfo.InvariantCulture)));
        }
        line.Write(quotes ? "\"\"\"\n"u8 : "\n"u8);
        return line.WrittenSpan.ToArray();
    }

    /// <summary>A receiver takes bytes over 0x7f for noise. In JSON they stand in strings only, where an escape says the same.</summary>
    private static ReadOnlySpan<byte> Ascii(ReadOnlySpan<byte> json)
    {
        if (!json.ContainsAnyInRange((byte)0x80, (byte)0xFF))
        {
            return json;
        }
        var text = new StringBuilder(json.Length + 64);
        foreach (var letter in Encoding.UTF8.GetString(json))
        {
            text.Append(letter < 0x80 ? letter.ToString() : string.Create(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}"));
        }
        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
