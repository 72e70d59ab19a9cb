using CsCheck;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Values;

public sealed class VersionOrderTests
{
    private static readonly string[] Versions =
    [
        "", "0", "1", "01", "1.0", "1.0.0", "1.2", "1.10", "1.0-rc.1", "1.0-rc.9", "1.0-rc.10", "1.0-9", "1.0-10", "1.0+b",
        "1.0+a.2", "1.0-", "1.0+", "v1", "a.b", "1.a", "1..2", "99999999999999999999", "20260304-050607/x",
    ];

    [Theory]
    [InlineData("1.0", "1.0", 0)]
    [InlineData("1.0", "1.0.0", 0)]
    [InlineData("01.0", "1", 0)]
    [InlineData("", "0", 0)]
    [InlineData("1.2", "1.10", -1)]
    [InlineData("1.9.9", "2", -1)]
    [InlineData("1.0-rc", "1.0", -1)]
    [InlineData("1.0-rc.9", "1.0-rc.10", -1)]
    [InlineData("1.0-9", "1.0-10", -1)]
    [InlineData("1.0", "1.0+build5", -1)]
    [InlineData("1.0-rc", "1.0+build5", -1)]
    [InlineData("1.0+a", "1.0+b", -1)]
    [InlineData("1.0+build5", "1.0.1", -1)]
    [InlineData("1.a", "1.1", -1)]
    [InlineData("99999999999999999998", "99999999999999999999", -1)]
    public void Pair_HasItsOrder(string left, string right, int expected)
    {
        Assert.Equal(expected, Math.Sign(VersionOrder.Compare(left, right)));
        Assert.Equal(-expected, Math.Sign(VersionOrder.Compare(right, left)));
    }

    [Fact]
    public void AnyThree_AreInOneOrder() => Assert.All(
        from a in Versions from b in Versions from c in Versions select (a, b, c),
        three => Assert.True(
            VersionOrder.Compare(three.a, three.b) > 0 || VersionOrder.Compare(three.b, three.c) > 0
            || VersionOrder.Compare(three.a, three.c) <= 0,
            three.ToString()));

    [Fact]
    public void AnyText_CanBeCompared() => Gen.Select(Gen.String, Gen.String).Sample((a, b) =>
        Math.Sign(VersionOrder.Compare(a, b)) == -Math.Sign(VersionOrder.Compare(b, a)) && VersionOrder.Compare(a, a) == 0);
}
