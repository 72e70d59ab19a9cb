using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Meerkat.Core.Signing;

/// <summary>
/// The one check of a bundle's signatures (spec section 2): signature n is ECDSA P-256 over the SHA-256 of the manifest's
/// bytes, DER in Base64, and counts only under key n.
/// </summary>
/// <param name="Mask">Bit n: signature n holds.</param>
public abstract record SignatureCheck(int Mask)
{
    /// <summary>Key and signature places of a device.</summary>
    public const int Places = 8;

    public sealed record Accepted(int Mask) : SignatureCheck(Mask);

    /// <param name="Text">Which required signatures are missing or do not hold.</param>
    public sealed record Rejected(int Mask, string Text) : SignatureCheck(Mask);

    /// <summary>The name of a signature among the attributes of a bundle.</summary>
    public static string Name(int place) => FormattableString.Invariant($"sig{place}");

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
        var findings = Examine(manifest, attributes, keys);
        var mask = findings.Where(at => at.State == SignatureState.Holds).Sum(at => 1 << at.Place);
        if (required == 0)
        {
            return new Rejected(mask, "update.sig_req_mask is 0: this device accepts no update");
        }
        if (required < 0 || (mask & required) == required)
        {
            return new Accepted(mask);
        }
        var problems = findings
            .Where(at => at.State != SignatureState.Holds && (required & (1 << at.Place)) != 0).Select(at => at.Text);
        if (required >= 1 << Places)
        {
            problems = problems.Append($"update.sig_req_mask {required} names places beyond {Places - 1}");
        }
        return new Rejected(mask, "Invalid signature: " + string.Join("; ", problems));
    }

    /// <summary>Looks at every place, whether anybody requires it or not.</summary>
    /// <param name="manifest">The bytes of <c>manifest.json</c> as stored.</param>
    /// <param name="attributes">The extra field's members.</param>
    /// <param name="keys">By place, as for <see cref="Of"/>.</param>
    public static ImmutableArray<SignatureFinding> Examine(
        ReadOnlySpan<byte> manifest, IReadOnlyDictionary<string, string> attributes, ImmutableArray<string> keys)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(manifest, digest);
        var findings = ImmutableArray.CreateBuilder<SignatureFinding>(Places);
        for (var place = 0; place < Places; place++)
        {
            var (state, text) = Examine(
                place, digest, attributes.GetValueOrDefault(Name(place)), place < keys.Length ? keys[place] : "");
            findings.Add(new SignatureFinding(place, state, text));
        }
        return findings.MoveToImmutable();
    }

    private static (SignatureState State, string Text) Examine(int place, ReadOnlySpan<byte> digest, string? signature, string key)
    {
        if (key.Length == 0)
        {
            return (SignatureState.NoKey, $"update.key{place} is not set");
        }
        using var known = ECDsa.Create();
        if (KeyComplaint(known, key) is { } unreadable)
        {
            return (SignatureState.BadKey, $"update.key{place} {unreadable}");
        }
        if (signature is null)
        {
            return (SignatureState.Missing, $"the bundle has no sig{place}");
        }
        // A device of the original reads no blanks in it either; the framework would skip them.
        if (!Base64.IsValid(signature) || signature.Any(char.IsWhiteSpace))
        {
            return (SignatureState.Malformed, $"sig{place} is malformed: it is not Base64");
        }
        var der = Convert.FromBase64String(signature);
        if (EcdsaSignature.Complaint(der) is { } malformed)
        {
            return (SignatureState.Malformed, $"sig{place} is malformed: {malformed}");
        }
        return known.VerifyHash(digest, der, DSASignatureFormat.Rfc3279DerSequence)
            ? (SignatureState.Holds, $"sig{place} holds under update.key{place}")
            : (SignatureState.Wrong, $"sig{place} does not hold under update.key{place}");
    }

    private static string? KeyComplaint(ECDsa known, string key)
    {
        try
        {
            var der = Convert.FromBase64String(key);
            known.ImportSubjectPublicKeyInfo(der, out var read);
            return read < der.Length ? $"is unreadable: {der.Length - read} bytes follow the key"
                : known.ExportParameters(includePrivateParameters: false).Curve.Oid?.Value == EcdsaSignature.CurveOid ? null
                : "is not a key on P-256";
        }
        catch (Exception fault) when (fault is FormatException or CryptographicException)
        {
            return $"is unreadable: {fault.Message}";
        }
    }
}
