using Meerkat.Core.Settings;

namespace Meerkat.Core.Tests.Settings;

public sealed class PlaceholdersTests
{
    [Theory]
    [InlineData("kiosk_??????", "kiosk_ABCDEF")]
    [InlineData("??-??", "CD-EF")]
    [InlineData("?x?", "ExF")]
    [InlineData("????????????", "02FC00ABCDEF")]
    [InlineData("??????????????", "??02FC00ABCDEF")]
    [InlineData("what?", "what?")]
    [InlineData("???", "???")]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    public void EvenNumber_IsFilledFromTheRight(string text, string filled) =>
        Assert.Equal(filled, Placeholders.Fill(text, "02FC00ABCDEF"));

    [Fact]
    public void WithoutAddress_TheyStay() => Assert.Equal("a_??", Placeholders.Fill("a_??", ""));
}
