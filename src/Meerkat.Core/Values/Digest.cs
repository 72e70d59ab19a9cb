using System.Runtime.CompilerServices;

namespace Meerkat.Core.Values;

/// <summary>A SHA-256 digest: 32 bytes, written as 64 lower-case hexadecimal digits.</summary>
public readonly record struct Digest
{
    public const int Length = 32;

    private readonly Bytes32 bytes;

    /// <exception cref="ArgumentException"><paramref name="source"/> is not 32 bytes long.</exception>
    public Digest(ReadOnlySpan<byte> source)
    {
        if (source.Length != Length)
        {
            throw new ArgumentException($"a SHA-256 digest has {Length} bytes, not {source.Length}", nameof(source));
        }
        source.CopyTo(bytes);
    }

    /// <summary>Reads 64 hexadecimal digits of either case.</summary>
    public static bool TryParse(string? text, out Digest digest)
    {
        Span<byte> parsed = stackalloc byte[Length];
        var whole = text is { Length: 2 * Length }
            && Convert.FromHexString(text, parsed, out _, out var written) == System.Buffers.OperationStatus.Done
            && written == Length;
        digest = whole ? new Digest(parsed) : default;
        return whole;
    }

    public void CopyTo(Span<byte> destination) => ((ReadOnlySpan<byte>)bytes).CopyTo(destination);

    public bool Equals(Digest other) => ((ReadOnlySpan<byte>)bytes).SequenceEqual(other.bytes);

    public override int GetHashCode() => BitConverter.ToInt32(bytes);

    public override string ToString() => Convert.ToHexStringLower(bytes);

    [InlineArray(Length)]
    private struct Bytes32
    {
        private byte first;
    }
}
