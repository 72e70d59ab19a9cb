using CsCheck;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Values;

public sealed class DigestTests
{
    private static readonly Gen<byte[]> GenBytes = Gen.Byte.Array[Digest.Length];

    [Fact]
    public void AnyDigest_ReadsAsItIsShown() => GenBytes.Sample(bytes =>
        Digest.TryParse(new Digest(bytes).ToString(), out var lower) && lower == new Digest(bytes)
        && Digest.TryParse(new Digest(bytes).ToString().ToUpperInvariant(), out var upper) && upper == lower
        && upper.GetHashCode() == lower.GetHashCode());

    [Fact]
    public void DigestsThatDifferInOneByte_AreNotEqual() => Gen.Select(GenBytes, Gen.Int[0, 31], Gen.Byte[1, 255]).Sample(
        (bytes, index, change) =>
        {
            var other = bytes.ToArray();
            other[index] ^= change;
            return new Digest(bytes) != new Digest(other);
        });

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("00000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("g000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0x00000000000000000000000000000000000000000000000000000000000000")]
    [InlineData(" 000000000000000000000000000000000000000000000000000000000000000")]
    public void TextThatIsNone_IsRefused(string? text)
    {
        Assert.False(Digest.TryParse(text, out var digest));
        Assert.Equal(default, digest);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void WrongLength_Throws(int length) => Assert.Throws<ArgumentException>(() => new Digest(new byte[length]));

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    public void SlotBeyondTheTwo_Throws(int number) => Assert.Throws<ArgumentOutOfRangeException>(() => new SlotId(number));

    [Fact]
    public void Slots_AreEachOthersOther() => Assert.Equal((SlotId.One, SlotId.Zero), (SlotId.Zero.Other, SlotId.One.Other));
}
