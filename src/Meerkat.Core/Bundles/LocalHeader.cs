using System.Buffers.Binary;
using System.Text;

namespace Meerkat.Core.Bundles;

/// <summary>A zip local file header: 30 bytes, a name, an extra field (specification 1.2; APPNOTE.TXT 4.3.7).</summary>
internal readonly ref struct LocalHeader(ReadOnlySpan<byte> bytes)
{
    public const int FixedBytes = 30;
    public const uint Signature = 0x04034B50;
    public const uint DirectorySignature = 0x02014B50;
    public const uint DirectoryEndSignature = 0x06054B50;

    private const int EncryptedFlags = 1 | (1 << 6) | (1 << 13);
    private const int DescriptorFlag = 1 << 3;
    private const ushort Zip64Extra = 0x0001;
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    private readonly ReadOnlySpan<byte> bytes = bytes;

    public ushort Flags => BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]);
    public ushort Method => BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
    public uint Crc32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes[14..]);
    public uint PackedBytes => BinaryPrimitives.ReadUInt32LittleEndian(bytes[18..]);
    public uint SizeBytes => BinaryPrimitives.ReadUInt32LittleEndian(bytes[22..]);
    public int NameBytes => BinaryPrimitives.ReadUInt16LittleEndian(bytes[26..]);
    public int ExtraBytes => BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]);
    public int TotalBytes => FixedBytes + NameBytes + ExtraBytes;
    public ReadOnlySpan<byte> Extra => bytes.Slice(FixedBytes + NameBytes, ExtraBytes);
    public bool IsDeflated => Method == 8;

    /// <summary>The name; null when its bytes are not UTF-8.</summary>
    public string? Name
    {
        get
        {
            try
            {
                return StrictUtf8.GetString(bytes.Slice(FixedBytes, NameBytes));
            }
            catch (DecoderFallbackException)
            {
                return null;
            }
        }
    }

    /// <summary>What the fixed fields ask of a reader that it will not do; the text ends a sentence about the entry.</summary>
    public (BundleProblemCode Code, string Text)? Unsupported(BundleLimits limits)
    {
        if ((Flags & EncryptedFlags) != 0)
        {
            return (BundleProblemCode.Encrypted, "is encrypted; bundles are signed, never encrypted");
        }
        if ((Flags & DescriptorFlag) != 0)
        {
            return (BundleProblemCode.DataDescriptor, "has its size in a data descriptor behind the data; "
                + "pack it so that sizes stand in the local headers (a zipper that writes to a file does)");
        }
        if (Method is not (0 or 8))
        {
            return (BundleProblemCode.UnsupportedMethod, $"uses compression method {Method}; stored (0) and deflate (8) are read");
        }
        if (PackedBytes == uint.MaxValue || SizeBytes == uint.MaxValue)
        {
            return (BundleProblemCode.Zip64, "is in zip64 format; entries stay below 4 GiB");
        }
        if (Method == 0 && PackedBytes != SizeBytes)
        {
            return (BundleProblemCode.SizeMismatch, $"is stored, yet its two sizes differ: {PackedBytes} and {SizeBytes}");
        }
        if (Method == 8 && SizeBytes > (long)PackedBytes * limits.DeflateRatio)
        {
            return (BundleProblemCode.BadDeflate, $"claims to inflate {PackedBytes} bytes to {SizeBytes}, which deflate cannot");
        }
        return SizeBytes > limits.PartBytes
            ? (BundleProblemCode.TooLarge, $"has {SizeBytes} bytes; at most {limits.PartBytes} are accepted")
            : null;
    }

    /// <summary>Whether the extra field announces zip64 sizes.</summary>
    public bool HasZip64Extra => ExtraField.Find(Extra, Zip64Extra, out _, out _);
}
