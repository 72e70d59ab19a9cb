using System.Security.Cryptography;
using Meerkat.Core.Signing;

namespace Meerkat.Core.Tests.Signing;

/// <summary>What may stand in the place of a signature, written by somebody who wants it taken.</summary>
public sealed class EcdsaSignatureTests
{
    private const string Order = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    private const string OrderLessOne = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632550";
    private const string NotDer = "it is not the DER of a sequence of two integers";
    private const string OutOfRange = "r or s is not between 1 and the order of P-256";

    [Theory]
    [InlineData("3006020101020101", null)]
    [InlineData("3026022100" + OrderLessOne + "020101", null)]
    [InlineData("", "it is empty")]
    [InlineData("30", NotDer)]
    [InlineData("3000", NotDer)]
    [InlineData("3003020101", NotDer)]
    [InlineData("3006020100020101", OutOfRange)]
    [InlineData("3006020101020100", OutOfRange)]
    [InlineData("30060201FF020101", OutOfRange)]
    [InlineData("3026022100" + Order + "020101", OutOfRange)]
    [InlineData("3026020101022100" + Order, OutOfRange)]
    [InlineData("300702020001020101", NotDer)]
    [InlineData("308106020101020101", NotDer)]
    [InlineData("30800201010201010000", NotDer)]
    [InlineData("3106020101020101", NotDer)]
    [InlineData("3006040101020101", NotDer)]
    [InlineData("300602010102010100", "1 bytes follow the DER")]
    [InlineData("30060201010201010A", "1 bytes follow the DER")]
    [InlineData("3009020101020101020101", "it holds more than two integers")]
    [InlineData("3007020101020101", NotDer)]
    public void Bytes_AreASignature_OrAreToldWhyNot(string hex, string? complaint) =>
        Assert.Equal(complaint, EcdsaSignature.Complaint(Convert.FromHexString(hex)));

    [Fact]
    public void LongInteger_IsRefusedBeforeItIsRead() =>
        Assert.Equal("it has 65000 bytes; a signature on P-256 has at most 72", EcdsaSignature.Complaint(new byte[65000]));

    [Fact]
    public void MadeSignatures_AreSignatures()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        for (var run = 0; run < 200; run++)
        {
            Assert.Null(EcdsaSignature.Complaint(key.SignHash(SHA256.HashData([(byte)run]), DSASignatureFormat.Rfc3279DerSequence)));
        }
    }
}
