using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Meerkat.Core.Values;

/// <summary>
/// Tells bundles apart: the first 13 bytes of the SHA-256 of a manifest, written as 26 lower-case hexadecimal digits. As many as the
/// boot record has room for; it decides what is tried again, never what may be trusted.
/// </summary>
public readonly record struct BundleMark
{
    public const int Length = 13;

    private readonly Bytes13 bytes;

    /// <exception cref="ArgumentException"><paramref name="source"/> is not 13 bytes long.</exception>
    public BundleMark(ReadOnlySpan<byte> source)
    {
        if (source.Length != Length)
        {
            throw new ArgumentException($"the mark of a bundle has {Length} bytes, not {source.Length}", nameof(source));
        }
        source.CopyTo(bytes);
    }

    /// <summary>The mark of the bundle that has this manifest, byte for byte.</summary>
    public static BundleMark Of(ReadOnlySpan<byte> manifest) => new(SHA256.HashData(manifest).AsSpan(0, Length));

    /// <summary>Which bundle a slot came from is not known.</summary>
    public bool IsNone => this == default;

    /// <summary>Reads 26 hexadecimal digits of either case.</summary>
    public static bool TryParse(string? text, out BundleMark mark)
    {
        Span<byte> parsed = stackalloc byte[Length];
        var whole = text is { Length: 2 * Length }
            && Convert.FromHexString(text, parsed, out _, out var written) == System.Buffers.OperationStatus.Done
            && written == Length;
        mark = whole ? new BundleMark(parsed) : default;
        return whole;
    }

    public void CopyTo(Span<byte> destination) => ((ReadOnlySpan<byte>)bytes).CopyTo(destination);

    public bool Equals(BundleMark other) => ((ReadOnlySpan<byte>)bytes).SequenceEqual(other.bytes);

    public override int GetHashCode() => BitConverter.ToInt32(bytes);

    public override string ToString() => Convert.ToHexStringLower(bytes);

    [InlineArray(Length)]
    private struct Bytes13
    {
        private byte first;
    }
}
