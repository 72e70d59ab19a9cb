using System.Text.Json;
using Meerkat.Core.Protocol;

namespace Meerkat.Core.Tests.Protocol;

public sealed class RpcArgumentsTests
{
    [Theory]
    [InlineData("300", 300)]
    [InlineData("\"300\"", 300)]
    [InlineData("\"0x12C\"", 300)]
    [InlineData("300.0", 300)]
    [InlineData("3e2", 300)]
    [InlineData("0", 0)]
    [InlineData("604800", 604800)]
    [InlineData("null", null)]
    public void CommitTimeout_IsReadInEveryPlainForm(string value, int? seconds) =>
        Assert.Equal(seconds, Arguments($$"""{"commit_timeout":{{value}}}""").WholeNumber("commit_timeout", 0, 604800));

    [Theory]
    [InlineData("-1", "-1")]
    [InlineData("604801", "604801")]
    [InlineData("2.5", "2.5")]
    [InlineData("\"010\"", "\"010\"")]
    [InlineData("\"soon\"", "\"soon\"")]
    [InlineData("\"\"", "\"\"")]
    [InlineData("\"300 s\"", "\"300 s\"")]
    [InlineData("true", "true")]
    [InlineData("[300]", "an array")]
    [InlineData("99999999999999999999", "99999999999999999999")]
    public void CommitTimeoutThatIsNoWholeNumber_IsRefused(string value, string found)
    {
        var arguments = Arguments($$"""{"commit_timeout":{{value}}}""");
        var refused = Assert.Throws<RpcException>(() => arguments.WholeNumber("commit_timeout", 0, 604800));
        Assert.Equal(400, refused.Error.Code);
        Assert.Equal($"commit_timeout must be a whole number from 0 to 604800, found {found}", refused.Message);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    [InlineData("1", true)]
    [InlineData("0", false)]
    [InlineData("\"true\"", true)]
    [InlineData("\"0\"", false)]
    [InlineData("null", null)]
    public void Flag_IsReadInEveryPlainForm(string value, bool? flag) =>
        Assert.Equal(flag, Arguments($$"""{"wait":{{value}}}""").Flag("wait"));

    [Theory]
    [InlineData("2")]
    [InlineData("\"yes\"")]
    [InlineData("{}")]
    public void OtherFlag_IsRefused(string value)
    {
        var arguments = Arguments($$"""{"wait":{{value}}}""");
        Assert.StartsWith("wait must be true or false", Assert.Throws<RpcException>(() => arguments.Flag("wait")).Message);
    }

    [Fact]
    public void Text_IsRefusedWhenItIsNoneOrMissing()
    {
        var arguments = Arguments("""{"url":5,"empty":""}""");
        Assert.Equal("url must be a string, found 5", Assert.Throws<RpcException>(() => arguments.Text("url")).Message);
        Assert.Equal("name is required", Assert.Throws<RpcException>(() => arguments.RequiredText("name")).Message);
        Assert.Equal("empty is required", Assert.Throws<RpcException>(() => arguments.RequiredText("empty")).Message);
        Assert.Null(arguments.Text("name"));
    }

    [Fact]
    public void Bytes_AreBase64()
    {
        var arguments = Arguments("""{"data":"AQID/+8=","bad":"AQ"}""");
        Assert.Equal([1, 2, 3, 255, 239], arguments.Bytes("data")!);
        Assert.Equal("bad must be base64 with padding, found \"AQ\"", Assert.Throws<RpcException>(() => arguments.Bytes("bad")).Message);
    }

    [Fact]
    public void LongValue_IsShownShortened()
    {
        var arguments = Arguments($$"""{"n":"{{new string('x', 1000)}}"}""");
        Assert.True(Assert.Throws<RpcException>(() => arguments.WholeNumber("n", 0, 1)).Message.Length < 100);
    }

    [Fact]
    public void ParamsThatAreNoObject_AreRefused()
    {
        Assert.Equal("params must be an object, found an array", Assert.Throws<RpcException>(() => Arguments("[1]")).Message);
        Assert.False(Arguments("null").Has("a"));
        Assert.False(new RpcArguments(default).Has("a"));
    }

    private static RpcArguments Arguments(string json) => new(JsonElement.Parse(json));
}
