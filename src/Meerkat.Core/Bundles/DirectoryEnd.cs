using System.Buffers.Binary;

namespace Meerkat.Core.Bundles;

/// <summary>
/// Watches the central directory for the record that ends an archive (APPNOTE.TXT 4.3.16): 22 bytes and a comment. What
/// stands before it does not matter here, but an archive without it was cut off.
/// </summary>
internal sealed class DirectoryEnd
{
    public const int FixedBytes = 22;

    private const int SignatureBytes = 4;

    private readonly byte[] record = new byte[FixedBytes];
    private int filled;
    private uint last;
    private int commentLeft;

    /// <summary>The record and its comment were seen whole.</summary>
    public bool Seen => filled == FixedBytes && commentLeft == 0;

    public void Take(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (filled == FixedBytes)
            {
                commentLeft = Math.Max(0, commentLeft - 1);
            }
            else if (filled >= SignatureBytes)
            {
                record[filled++] = value;
                commentLeft = filled == FixedBytes ? BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(FixedBytes - 2)) : 0;
            }
            else
            {
                last = (last >> 8) | ((uint)value << 24);
                filled = last == LocalHeader.DirectoryEndSignature ? SignatureBytes : 0;
            }
        }
    }
}
