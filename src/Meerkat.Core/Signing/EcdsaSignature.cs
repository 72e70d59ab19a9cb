using System.Formats.Asn1;
using System.Globalization;
using System.Numerics;

namespace Meerkat.Core.Signing;

/// <summary>An ECDSA signature on P-256 as bundles carry it: DER of a SEQUENCE of the two INTEGERs r and s (RFC 3279, section 2.2.3).</summary>
public static class EcdsaSignature
{
    /// <summary>Two integers of 33 bytes with their headers, and the header around them.</summary>
    public const int MostBytes = 72;

    /// <summary>NIST P-256, also called prime256v1 and secp256r1 (RFC 5480, section 2.1.1.1).</summary>
    public const string CurveOid = "1.2.840.10045.3.1.7";

    /// <summary>The number of points of P-256 (FIPS 186-5); r and s lie below it.</summary>
    private static readonly BigInteger Order = BigInteger.Parse(
        "0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>What makes these bytes no signature, whatever key and digest; null when they may be one.</summary>
    public static string? Complaint(ReadOnlySpan<byte> der)
    {
        if (der.IsEmpty)
        {
            return "it is empty";
        }
        if (der.Length > MostBytes)
        {
            return $"it has {der.Length} bytes; a signature on P-256 has at most {MostBytes}";
        }
        try
        {
            AsnDecoder.ReadSequence(der, AsnEncodingRules.DER, out var at, out var length, out var consumed);
            if (consumed < der.Length)
            {
                return $"{der.Length - consumed} bytes follow the DER";
            }
            var content = der.Slice(at, length);
            var r = AsnDecoder.ReadInteger(content, AsnEncodingRules.DER, out consumed);
            content = content[consumed..];
            var s = AsnDecoder.ReadInteger(content, AsnEncodingRules.DER, out consumed);
            return consumed < content.Length ? "it holds more than two integers"
                : InRange(r) && InRange(s) ? null
                : "r or s is not between 1 and the order of P-256";
        }
        catch (AsnContentException)
        {
            return "it is not the DER of a sequence of two integers";
        }
    }

    private static bool InRange(BigInteger value) => value.Sign > 0 && value < Order;
}
