using System.Buffers.Binary;

namespace Meerkat.Core.Bundles;

/// <summary>One header of a zip's central directory: 46 bytes, a name, an extra field, a comment (APPNOTE.TXT 4.3.12).</summary>
internal readonly ref struct DirectoryHeader(ReadOnlySpan<byte> bytes)
{
    public const int FixedBytes = 46;
    public const int ExtraBytesAt = 30;
    public const int OffsetAt = 42;

    /// <summary>The fixed fields that a local header has as well, here and there: flags, method, CRC, both sizes, length of the name.</summary>
    private static readonly (string What, int Here, int There, int Bytes)[] Shared =
    [
        ("flags", 8, 6, 2), ("compression method", 10, 8, 2), ("CRC-32", 16, 14, 4), ("packed size", 20, 18, 4), ("size", 24, 22, 4),
        ("name", 28, 26, 2),
    ];

    private readonly ReadOnlySpan<byte> bytes = bytes;

    public int NameBytes => BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]);
    public int ExtraBytes => BinaryPrimitives.ReadUInt16LittleEndian(bytes[ExtraBytesAt..]);
    public int CommentBytes => BinaryPrimitives.ReadUInt16LittleEndian(bytes[32..]);
    public int TotalBytes => FixedBytes + NameBytes + ExtraBytes + CommentBytes;

    /// <summary>Where the entry's local header begins, in bytes from the start of the archive.</summary>
    public uint Offset => BinaryPrimitives.ReadUInt32LittleEndian(bytes[OffsetAt..]);

    public ReadOnlySpan<byte> Name => bytes.Slice(FixedBytes, NameBytes);
    public ReadOnlySpan<byte> Extra => bytes.Slice(FixedBytes + NameBytes, ExtraBytes);

    /// <summary>Whether these bytes begin with a whole header.</summary>
    public static bool IsAt(ReadOnlySpan<byte> bytes) => bytes.Length >= FixedBytes
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == LocalHeader.DirectorySignature
        && new DirectoryHeader(bytes).TotalBytes <= bytes.Length;

    /// <summary>What a local header, its name included, says differently; null when it says the same.</summary>
    public string? Disagreement(ReadOnlySpan<byte> local)
    {
        foreach (var (what, here, there, length) in Shared)
        {
            if (!bytes.Slice(here, length).SequenceEqual(local.Slice(there, length)))
            {
                return what;
            }
        }
        return Name.SequenceEqual(local[LocalHeader.FixedBytes..]) ? null : "name";
    }
}
