using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Meerkat.Core.Signing;

/// <summary>
/// The one check of a bundle's signatures (spec section 2): signature n is ECDSA P-256 over the SHA-256 of the manifest's
/// bytes, DER in Base64, and counts only under key n.
/// </summary>
public abstract record SignatureCheck
{
    /// <summary>Key and signature places of a device.</summary>
    public const int Places = 8;

    /// <summary>NIST P-256, also called prime256v1 and secp256r1 (RFC 5480, section 2.1.1.1).</summary>
    private const string CurveOid = "1.2.840.10045.3.1.7";

    private SignatureCheck()
    {
    }

    /// <param name="Mask">Bit n: signature n holds.</param>
    public sealed record Accepted(int Mask) : SignatureCheck;

    /// <param name="Text">Which required signatures are missing or do not hold.</param>
    public sealed record Rejected(string Text) : SignatureCheck;

    /// <param name="manifest">The bytes of <c>manifest.json</c> as stored.</param>
    /// <param name="attributes">The extra field's members, among them <c>sig0</c> to <c>sig7</c>.</param>
    /// <param name="keys">Base64 of DER SubjectPublicKeyInfo by place; empty where there is none.</param>
    /// <param name="required">Negative: anything is accepted; 0: nothing is; else the places that must hold.</param>
    public static SignatureCheck Of(
        ReadOnlySpan<byte> manifest,
        IReadOnlyDictionary<string, string> attributes,
        ImmutableArray<string> keys,
        int required)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(manifest, digest);
        var mask = 0;
        var problems = new List<string>();
        for (var place = 0; place < Places; place++)
        {
            var problem = Problem(place, digest, attributes, keys);
            if (problem.Length == 0)
            {
                mask |= 1 << place;
            }
            else if (required > 0 && (required & (1 << place)) != 0)
            {
                problems.Add(problem);
            }
        }
        if (required == 0)
        {
            return new Rejected("update.sig_req_mask is 0: this device accepts no update");
        }
        return required < 0 || (mask & required) == required
            ? new Accepted(mask)
            : new Rejected("Invalid signature: " + (problems.Count > 0
                ? string.Join("; ", problems)
                : $"update.sig_req_mask {required} names places beyond {Places - 1}"));
    }

    private static string Problem(
        int place, ReadOnlySpan<byte> digest, IReadOnlyDictionary<string, string> attributes, ImmutableArray<string> keys)
    {
        if (place >= keys.Length || keys[place].Length == 0)
        {
            return $"update.key{place} is not set";
        }
        if (!attributes.TryGetValue($"sig{place}", out var signature))
        {
            return $"the bundle has no sig{place}";
        }
        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(keys[place]), out _);
            if (key.ExportParameters(includePrivateParameters: false).Curve.Oid?.Value != CurveOid)
            {
                return $"update.key{place} is not a key on P-256";
            }
            return key.VerifyHash(digest, Convert.FromBase64String(signature), DSASignatureFormat.Rfc3279DerSequence)
                ? ""
                : $"sig{place} does not hold under update.key{place}";
        }
        catch (Exception fault) when (fault is FormatException or CryptographicException)
        {
            return $"sig{place} or update.key{place} is malformed: {fault.Message}";
        }
    }
}
