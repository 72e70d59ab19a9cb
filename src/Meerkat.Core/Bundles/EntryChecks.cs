using System.IO.Hashing;
using System.Security.Cryptography;
using Meerkat.Core.Values;

namespace Meerkat.Core.Bundles;

/// <summary>CRC-32 and digests of one entry, computed once over the unpacked bytes as they pass.</summary>
internal sealed class EntryChecks : IDisposable
{
    private readonly Crc32 crc = new();
    private readonly IncrementalHash? sha256;
    private readonly IncrementalHash? sha1;
    private readonly ManifestPart? part;
    private readonly uint declaredCrc;

    /// <param name="part">Null for the manifest, which has only its CRC.</param>
    public EntryChecks(ManifestPart? part, uint declaredCrc)
    {
        this.part = part;
        this.declaredCrc = declaredCrc;
        sha256 = part is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha1 = part is { CsSha256: null, CsSha1: not null } ? IncrementalHash.CreateHash(HashAlgorithmName.SHA1) : null;
    }

    public void Append(ReadOnlySpan<byte> data)
    {
        crc.Append(data);
        sha256?.AppendData(data);
        sha1?.AppendData(data);
    }

    /// <summary>Ends the computation. A CRC of zero in the header means "not computed" (specification 1.2, rule 10).</summary>
    /// <returns>What does not hold, as the end of a sentence; null when all does.</returns>
    public (BundleProblemCode Code, string Text)? Finish(out Digest digest)
    {
        digest = default;
        if (sha256 is not null)
        {
            Span<byte> hash = stackalloc byte[Digest.Length];
            sha256.GetHashAndReset(hash);
            digest = new Digest(hash);
        }
        var computed = crc.GetCurrentHashAsUInt32();
        if (declaredCrc != 0 && computed != declaredCrc)
        {
            return (BundleProblemCode.CrcMismatch,
                $"is damaged: its CRC-32 is {computed:x8}, the header says {declaredCrc:x8}");
        }
        if (part?.CsSha256 is { } declared && declared != digest)
        {
            return (BundleProblemCode.DigestMismatch, $"has SHA-256 {digest}, the manifest says {declared}");
        }
        if (sha1 is not null && Convert.ToHexStringLower(sha1.GetHashAndReset()) is var found && found != part!.CsSha1)
        {
            return (BundleProblemCode.DigestMismatch, $"has SHA-1 {found}, the manifest says {part.CsSha1}");
        }
        return null;
    }

    public void Dispose()
    {
        sha256?.Dispose();
        sha1?.Dispose();
    }
}
