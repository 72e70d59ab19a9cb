using System.Net;
using Meerkat.Core.Access;

namespace Meerkat.Core.Tests.Access;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1", 8080)]
    [InlineData("0.0.0.0:80", "0.0.0.0", 80)]
    [InlineData("[::1]:8080", "::1", 8080)]
    [InlineData(":8080", null, 8080)]
    [InlineData("8080", null, 8080)]
    public void Form_IsRead(string text, string? address, int port) => Assert.Equal(
        new ListenAddress.Parsed(address is null ? null : IPAddress.Parse(address), port), ListenAddress.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("localhost:8080")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("::1:8080")]
    [InlineData("[127.0.0.1]:80")]
    [InlineData("http://127.0.0.1:80")]
    [InlineData(" 8080")]
    public void BadForm_IsRefusedWithWhatWasFound(string text) =>
        Assert.Contains($"\"{text}\"", Assert.IsType<ListenAddress.Rejected>(ListenAddress.Parse(text)).Reason);
}
