using System.Text;
using System.Text.Json;
using Meerkat.Core.Values;

namespace Meerkat.Core.Tests.Values;

public sealed class StrictJsonTests
{
    public static TheoryData<string> Bad =>
    [
        """{"a":"\ud800"}""", """{"a":"\udc00x"}""", """{"\ud800":1}""", """["\ud83d\ud83d"]""", """{"a":1,"a":2}""", """{"a":1,"\u0061":2}""",
        "1e1234567", "[1E-99999999999]", "{", "", "1 2", "// no\n1", "[1,]", "[[[[[", "\"\u0001\"",
    ];

    [Theory]
    [MemberData(nameof(Bad))]
    public void WhatSomeReaderWouldTripOver_IsRefused(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        Assert.ThrowsAny<JsonException>(() => StrictJson.Parse(utf8, 4));
        Assert.ThrowsAny<JsonException>(() => StrictJson.ParseNode(utf8, 4));
    }

    [Fact]
    public void BytesThatAreNoUtf8_AreRefused() =>
        Assert.ThrowsAny<JsonException>(() => StrictJson.Parse([(byte)'"', 0xC3, (byte)'"'], 4));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"a":"\ud83d\ude00","b":[1.50,null,true,"\u00e4ä"]}""")]
    [InlineData(" 1e400 ")]
    [InlineData("[1e+000000000001, 1E-123456]")]
    [InlineData("null")]
    [InlineData("[[[[1]]]]")]
    public void WhatIsTaken_CanBeWrittenAgain(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var written = StrictJson.ParseNode(utf8, 4)?.ToJsonString() ?? "null";
        Assert.True(JsonElement.DeepEquals(StrictJson.Parse(utf8, 4), StrictJson.Parse(Encoding.UTF8.GetBytes(written), 4)));
    }

    [Fact]
    public void KeyThatComesTwiceAndIsLong_IsNotQuotedWhole()
    {
        var key = new string('k', 50_000);
        var refusal = Assert.Throws<JsonException>(() => StrictJson.Parse(Encoding.UTF8.GetBytes($$"""{"{{key}}":1,"{{key}}":2}"""), 4));
        Assert.InRange(refusal.Message.Length, 1, 300);
    }
}
