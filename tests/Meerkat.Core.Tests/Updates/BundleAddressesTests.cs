using Meerkat.Core.Updates;

namespace Meerkat.Core.Tests.Updates;

public sealed class BundleAddressesTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData(" \n", new string[0])]
    [InlineData("http://a/fw.zip", new[] { "http://a/fw.zip" })]
    [InlineData("https://a/x,y.zip\thttp://b/\n HTTP://c/?q=1", new[] { "https://a/x,y.zip", "http://b/", "http://c/?q=1" })]
    public void Addresses_StandInOrder_PartedByWhiteSpace(string text, string[] expected)
    {
        var found = Assert.IsType<BundleAddresses.Found>(BundleAddresses.Parse(text));
        Assert.Equal(expected, found.Addresses.Select(address => address.AbsoluteUri));
    }

    [Theory]
    [InlineData("ftp://a/b")]
    [InlineData("/fw.zip")]
    [InlineData("http://a/ fw.zip")]
    [InlineData("http://a/,file:///etc/passwd file:///x")]
    public void OneThatIsNoWebAddress_IsRefused(string text) =>
        Assert.Contains("must begin with http:// or https://", Assert.IsType<BundleAddresses.Rejected>(BundleAddresses.Parse(text)).Reason);

    [Fact]
    public void WhatIsShown_HasNoSecrets() =>
        Assert.Equal("https://host:8443/a/fw.zip", BundleAddresses.Shown(new Uri("https://user:word@host:8443/a/fw.zip?token=1#x")));
}
