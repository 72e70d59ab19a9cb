using System.Text.Json.Nodes;
using Meerkat.Core.Settings;

namespace Meerkat.Core.Tests.Settings;

public sealed class SettingAssignmentTests
{
    private const string Current = """{"wifi":{"pass":"x","channel":1,"on":true},"list":[1]}""";

    [Theory]
    [InlineData("update.timeout=300", "300")]
    [InlineData("update.timeout=0x10", "16")]
    [InlineData("http.enable=false", "false")]
    [InlineData("device.id=12", "\"12\"")]
    [InlineData("update.url=http://a/?x=1", "\"http://a/?x=1\"")]
    [InlineData("update.url=", "\"\"")]
    [InlineData("mine.n=2.50", "2.50")]
    [InlineData("mine.n=12345678901234567890", "12345678901234567890")]
    [InlineData("mine.t=hello", "\"hello\"")]
    [InlineData("mine.t=\"12\"", "\"12\"")]
    [InlineData("mine.l=[1,2]", "[1,2]")]
    [InlineData("wifi.pass=12345678", "\"12345678\"")]
    [InlineData("wifi.channel=6", "6")]
    [InlineData("wifi.on=false", "false")]
    public void Value_TakesTheTypeOfItsKey(string text, string json)
    {
        var parsed = Assert.IsType<SettingAssignment.Parsed>(Parse(text));
        Assert.Equal((text[..text.IndexOf('=')], json), (parsed.Key, parsed.Value!.ToJsonString()));
    }

    [Theory]
    [InlineData("update.timeout", "expected KEY=VALUE, found \"update.timeout\"")]
    [InlineData("=5", "expected KEY=VALUE, found \"=5\"")]
    [InlineData("a..b=5", "found \"a..b\"")]
    [InlineData("update.timeout=soon", "update.timeout must be a whole number, found \"soon\"")]
    [InlineData("update.timeout=-1", "[update.timeout] must be from 1 to 86400, found -1")]
    [InlineData("http.enable=1", "http.enable must be true or false, found \"1\"")]
    [InlineData("update=5", "update is a group of settings; set one of them, such as update.url")]
    [InlineData("wifi=5", "wifi is a group of settings")]
    [InlineData("wifi.channel=six", "wifi.channel must be a number, found \"six\"")]
    [InlineData("wifi.on=1", "wifi.on must be true or false, found \"1\"")]
    public void OtherText_IsRefused(string text, string reason) =>
        Assert.Contains(reason, Assert.IsType<SettingAssignment.Rejected>(Parse(text)).Reason);

    private static SettingAssignment Parse(string text) => SettingAssignment.Parse(text, JsonNode.Parse(Current)!.AsObject());
}
