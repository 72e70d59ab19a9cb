using CsCheck;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Values;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1, "1 B")]
    [InlineData(999, "999 B")]
    [InlineData(-999, "-999 B")]
    [InlineData(1000, "1 kB")]
    [InlineData(1040, "1 kB")]
    [InlineData(1050, "1.1 kB")]
    [InlineData(999_499, "999.5 kB")]
    [InlineData(999_500, "1 MB")]
    [InlineData(41_234_567, "41.2 MB")]
    [InlineData(-41_000_000, "-41 MB")]
    [InlineData(1_500_000_000, "1.5 GB")]
    [InlineData(long.MaxValue, "9.2 EB")]
    [InlineData(long.MinValue, "-9.2 EB")]
    public void Bytes_AreShownInPeoplesUnits(long bytes, string expected) => Assert.Equal(expected, new ByteSize(bytes).ToString());

    [Fact]
    public void AnySize_HasAtMostThreeDigitsBeforeThePoint() => Gen.Long.Sample(bytes =>
        new ByteSize(bytes).ToString().Split(' ')[0].TrimStart('-').Split('.')[0].Length <= 3);
}
