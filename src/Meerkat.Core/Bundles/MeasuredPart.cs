using System.Buffers;
using System.IO.Hashing;
using System.Security.Cryptography;
using Meerkat.Core.Values;

namespace Meerkat.Core.Bundles;

/// <summary>A part that was read once: what its header and the manifest say about it.</summary>
internal sealed record MeasuredPart(PartRecipe Recipe, long SizeBytes, uint Crc, string Sha1, Digest Sha256)
{
    private const int ChunkBytes = 256 * 1024;

    public static MeasuredPart Measure(PartRecipe recipe)
    {
        var crc = new Crc32();
        using var sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long size = 0;
        ForEachChunk(recipe, chunk =>
        {
            crc.Append(chunk);
            sha1.AppendData(chunk);
            sha256.AppendData(chunk);
            size += chunk.Length;
        });
        return new MeasuredPart(recipe, size, crc.GetCurrentHashAsUInt32(),
            Convert.ToHexStringLower(sha1.GetHashAndReset()), new Digest(sha256.GetHashAndReset()));
    }

    /// <summary>Copies the bytes once more.</summary>
    /// <exception cref="IOException">They are not those that were measured.</exception>
    public void CopyTo(Stream output)
    {
        var crc = new Crc32();
        long size = 0;
        ForEachChunk(Recipe, chunk =>
        {
            crc.Append(chunk);
            size += chunk.Length;
            output.Write(chunk);
        });
        if (size != SizeBytes || crc.GetCurrentHashAsUInt32() != Crc)
        {
            throw new IOException($"the part '{Recipe.Name}' changed while it was packed");
        }
    }

    private static void ForEachChunk(PartRecipe recipe, Action<ReadOnlySpan<byte>> use)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            using var input = recipe.Open();
            for (int read; (read = input.Read(buffer)) > 0;)
            {
                use(buffer.AsSpan(0, read));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
