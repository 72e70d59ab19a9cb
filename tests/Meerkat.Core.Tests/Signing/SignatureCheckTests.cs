using System.Security.Cryptography;
using System.Text;
using Meerkat.Core.Signing;

namespace Meerkat.Core.Tests.Signing;

public sealed class SignatureCheckTests
{
    /// <summary>The vector of the specification, section 2.5.</summary>
    private const string Manifest =
        "{\n \"name\": \"vec\",\n \"platform\": \"esp32\",\n \"version\": \"1.0\",\n"
        + " \"build_id\": \"20230411-101500/g1a2b3c4-master\",\n \"parts\": {}\n}";

    private const string Key =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaWGVVj6GRVZ+n+cFLfN0+fjCL++IDCq9QUPOt+zin5yqPNIEgo1I773tFL6l1ZTvnxkhOrdII9rxJ9bWz+60kQ==";

    private const string Signature =
        "MEUCIBqoBCdkSKTQr8X9uAiGFUazohwWB5qM+hSTOjLxCg1uAiEA7453Gp5pEhAdEBbRSf9pwqP+GUH7Ldpph13qNPl9Gh8=";

    [Fact]
    public void Vector_IsTheOneOfTheSpecification() => Assert.Equal(
        "90ab97cc919cf36e011f35722b194308dc8c72b91861fd9c7006b22b742f83b4",
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Manifest))));

    /// <summary>Keys by place, signatures by place, the required mask; the mask that holds, or the refusal.</summary>
    private static readonly Dictionary<string, (string Keys, string Signatures, int Required, string Expected)> Rows = new()
    {
        ["holds and is required"] = ("0", "0", 1, "accepted 1"),
        ["holds, none is required"] = ("0", "0", -1, "accepted 1"),
        ["nothing there, none is required"] = ("", "", -1, "accepted 0"),
        ["any negative mask requires nothing"] = ("", "", int.MinValue, "accepted 0"),
        ["holds, but the device is locked"] = ("0", "0", 0, "update.sig_req_mask is 0: this device accepts no update"),
        ["not signed"] = ("0", "", 1, "Invalid signature: the bundle has no sig0"),
        ["no key"] = ("", "0", 1, "Invalid signature: update.key0 is not set"),
        ["two are required, one is there"] = ("01", "0", 3, "Invalid signature: the bundle has no sig1"),
        ["two are required and hold"] = ("01", "01", 3, "accepted 3"),
        ["more hold than are required"] = ("017", "017", 2, "accepted 131"),
        ["the last place"] = ("7", "7", 128, "accepted 128"),
        ["signature in another place"] = ("0", "1", 1, "Invalid signature: the bundle has no sig0"),
        ["key in another place"] = ("1", "0", 1, "Invalid signature: update.key0 is not set"),
        ["a place beyond the last"] = ("0", "0", 256, "Invalid signature: update.sig_req_mask 256 names places beyond 7"),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Mask_DecidesWhichSignaturesMustHold(string name)
    {
        var (keys, signatures, required, expected) = Rows[name];
        Assert.Equal(expected, Words(Check(
            Manifest,
            signatures.ToDictionary(place => $"sig{place}", _ => Signature),
            [.. Enumerable.Range(0, 8).Select(place => keys.Contains((char)('0' + place)) ? Key : "")],
            required)));
    }

    [Fact]
    public void ManifestChangedInOneByte_DoesNotHold() => Assert.Equal(
        "Invalid signature: sig0 does not hold under update.key0",
        Words(Check(Manifest.Replace("1.0", "1.1", StringComparison.Ordinal), Signed(Signature), [Key], 1)));

    [Fact]
    public void AnyBitOfTheSignatureFlipped_DoesNotHold()
    {
        var good = Convert.FromBase64String(Signature);
        for (var bit = 0; bit < good.Length * 8; bit++)
        {
            var spoiled = good.ToArray();
            spoiled[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.IsType<SignatureCheck.Rejected>(Check(Manifest, Signed(Convert.ToBase64String(spoiled)), [Key], 1));
        }
    }

    [Theory]
    [InlineData("AAAA")]
    [InlineData("no base64")]
    [InlineData("-----BEGIN PUBLIC KEY-----")]
    [InlineData(Key + "\nAAAA")]
    public void MalformedKey_IsToldApart(string key) => Assert.StartsWith(
        "Invalid signature: update.key0 is unreadable: ",
        Words(Check(Manifest, Signed(Signature), [key], 1)),
        StringComparison.Ordinal);

    /// <summary>What is sent in the place of a signature, and the words of the refusal.</summary>
    [Theory]
    [InlineData(" " + Signature, "it is not Base64")]
    [InlineData(Signature + "\n", "it is not Base64")]
    [InlineData("no base64", "it is not Base64")]
    [InlineData("", "it is empty")]
    [InlineData("MAYCAQACAQE=", "r or s is not between 1 and the order of P-256")]
    [InlineData("MAYCAQECAQA=", "r or s is not between 1 and the order of P-256")]
    [InlineData("MAcCAgABAgEB", "it is not the DER of a sequence of two integers")]
    [InlineData("MAYCAQECAQEA", "1 bytes follow the DER")]
    public void MalformedSignature_IsToldApart(string signature, string words) => Assert.Equal(
        "Invalid signature: sig0 is malformed: " + words, Words(Check(Manifest, Signed(signature), [Key], 1)));

    [Fact]
    public void EveryPlaceThatIsRequired_IsNamed()
    {
        var attributes = new Dictionary<string, string> { ["sig0"] = Signature, ["sig1"] = "MAYCAQECAQE=", ["sig3"] = "AAAA" };
        var check = Check(Manifest, attributes, [Key, Key, Key, Key, "", "AAAA"], 0x13F);
        Assert.Equal(1, check.Mask);
        Assert.StartsWith(
            "Invalid signature: sig1 does not hold under update.key1; the bundle has no sig2; sig3 is malformed: it is not the DER of a "
            + "sequence of two integers; update.key4 is not set; update.key5 is unreadable: ",
            Words(check),
            StringComparison.Ordinal);
        Assert.EndsWith("; update.sig_req_mask 319 names places beyond 7", Words(check), StringComparison.Ordinal);
    }

    [Fact]
    public void MalformedKeyThatIsNotRequired_IsNoProblem() =>
        Assert.Equal("accepted 1", Words(Check(Manifest, Signed(Signature), [Key, "no base64"], 1)));

    [Theory]
    [InlineData("1.2.840.10045.3.1.7", "accepted 1")]
    [InlineData("1.3.132.0.34", "Invalid signature: update.key0 is not a key on P-256")]
    [InlineData("1.3.36.3.3.2.8.1.1.7", "Invalid signature: update.key0 is not a key on P-256")]
    public void OnlyKeysOnP256_Count(string curve, string expected)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromValue(curve));
        var signature = key.SignHash(
            SHA256.HashData(Encoding.UTF8.GetBytes(Manifest)), DSASignatureFormat.Rfc3279DerSequence);
        var publicKey = Convert.ToBase64String(key.ExportSubjectPublicKeyInfo());
        Assert.Equal(expected, Words(Check(Manifest, Signed(Convert.ToBase64String(signature)), [publicKey], 1)));
    }

    [Fact]
    public void RsaKey_DoesNotCount()
    {
        using var key = RSA.Create(2048);
        Assert.IsType<SignatureCheck.Rejected>(
            Check(Manifest, Signed(Signature), [Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())], 1));
    }

    private static Dictionary<string, string> Signed(string signature) => new() { ["sig0"] = signature };

    private static SignatureCheck Check(string manifest, Dictionary<string, string> attributes, string[] keys, int required) =>
        SignatureCheck.Of(Encoding.UTF8.GetBytes(manifest), attributes, [.. keys], required);

    private static string Words(SignatureCheck check) => check switch
    {
        SignatureCheck.Accepted accepted => $"accepted {accepted.Mask}",
        SignatureCheck.Rejected rejected => rejected.Text,
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
