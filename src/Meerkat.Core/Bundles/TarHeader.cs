using System.Buffers.Binary;
using System.Text;

namespace Meerkat.Core.Bundles;

/// <summary>One 512-byte tar header (POSIX ustar; GNU's numbers and names where they differ).</summary>
internal readonly ref struct TarHeader(ReadOnlySpan<byte> block)
{
    public const int BlockBytes = 512;

    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    private readonly ReadOnlySpan<byte> block = block;

    public char Kind => (char)block[156];
    public ReadOnlySpan<byte> Link => UpToNul(block.Slice(157, 100));

    /// <summary>Permission bits, or null when the field is not a number.</summary>
    public long? Mode => Number(block.Slice(100, 8));

    public long? SizeBytes => Number(block.Slice(124, 12));
    public long? ModifiedSeconds => Number(block.Slice(136, 12));

    private bool IsPosix => block.Slice(257, 6).SequenceEqual("ustar\0"u8);

    /// <summary>Name, with the prefix that only POSIX headers have; null when it is not UTF-8.</summary>
    public string? Path
    {
        get
        {
            var name = Text(UpToNul(block[..100]));
            var prefix = IsPosix ? Text(UpToNul(block.Slice(345, 155))) : "";
            return name is null || prefix is null ? null : prefix.Length == 0 ? name : $"{prefix}/{name}";
        }
    }

    /// <summary>The sum of all bytes with the checksum field taken as blanks; old writers summed signed bytes.</summary>
    public bool ChecksumHolds
    {
        get
        {
            long unsigned = 0;
            long signed = 0;
            for (var i = 0; i < BlockBytes; i++)
            {
                var value = i is >= 148 and < 156 ? (byte)' ' : block[i];
                unsigned += value;
                signed += unchecked((sbyte)value);
            }
            return Number(block.Slice(148, 8)) is { } stored && (stored == unsigned || stored == signed);
        }
    }

    public static string? Text(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    public static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }

    /// <summary>Octal digits between blanks and NULs (none at all is 0), or, in wide fields, GNU's big-endian binary.</summary>
    private static long? Number(ReadOnlySpan<byte> field)
    {
        if (field[0] is 0x80 or 0xFF && field.Length > sizeof(long))
        {
            return Binary(field);
        }
        long number = 0;
        foreach (var digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return null;
            }
            number = (number << 3) | (long)(digit - (byte)'0');
        }
        return number;
    }

    private static long? Binary(ReadOnlySpan<byte> field)
    {
        var value = BinaryPrimitives.ReadInt64BigEndian(field[^8..]);
        var negative = field[0] == 0xFF;
        var middle = field[1..^8];
        var fits = middle.IndexOfAnyExcept(negative ? (byte)0xFF : (byte)0) < 0 && value < 0 == negative;
        return fits ? value : null;
    }
}
