using Meerkat.Core.Access;

namespace Meerkat.Core.Tests.Access;

public sealed class PageGuardTests
{
    private const string Names = "kiosk.local, shop";
    private const string Allowed = "https://console.example";

    public static TheoryData<string, string?, string?> Passes => new()
    {
        { "192.168.1.50", null, null },
        { "192.168.1.50:8080", null, null },
        { "[::1]:8080", null, null },
        { "[fe80::1]", null, null },
        { "localhost:80", null, "none" },
        { "LOCALHOST", null, null },
        { "kiosk.local", null, null },
        { "Shop:8080", null, "same-origin" },
        { "192.168.1.50:8080", "http://192.168.1.50:8080", "same-origin" },
        { "kiosk.local", "http://kiosk.local", null },
        { "kiosk.local:80", "http://kiosk.local", null },
        { "kiosk.local", Allowed, "cross-site" },
        { "192.168.1.50", "HTTPS://console.example", "same-site" },
    };

    public static TheoryData<string, string?, string?> Refused => new()
    {
        { "evil.example", null, null },
        { "evil.example:8080", null, null },
        { "127.0.0.1.evil.example", null, null },
        { "127.1", null, null },
        { "0x7f000001", null, null },
        { "2130706433", null, null },
        { "::1", null, null },
        { "[127.0.0.1]", null, null },
        { "[::1", null, null },
        { "192.168.1.50:99999", null, null },
        { "192.168.1.50:", null, null },
        { "", null, null },
        { "192.168.1.50", "http://evil.example", null },
        { "192.168.1.50", "null", null },
        { "192.168.1.50", "", null },
        { "192.168.1.50", "http://192.168.1.50:8080", null },
        { "192.168.1.50:8080", "http://192.168.1.50", null },
        { "192.168.1.50", "file://192.168.1.50", null },
        { "192.168.1.50", "https://console.example.evil", null },
        { "192.168.1.50", null, "cross-site" },
        { "192.168.1.50", null, "same-site" },
        { "192.168.1.50", "http://192.168.1.50", "cross-site" },
        { "evil.example", Allowed, "cross-site" },
    };

    [Theory]
    [MemberData(nameof(Passes))]
    public void RequestOfTheDevicesOwn_Passes(string host, string? origin, string? site) => Assert.Null(Guard(host, origin, site));

    [Theory]
    [MemberData(nameof(Refused))]
    public void RequestOfAForeignPage_IsRefused(string host, string? origin, string? site) =>
        Assert.NotEmpty(Guard(host, origin, site)!);

    [Fact]
    public void NothingConfigured_NoOriginIsAllowed() =>
        Assert.NotNull(PageGuard.Refusal(new PageRequest(["127.0.0.1"], [""], []), "", ""));

    [Fact]
    public void HeaderThatCameTwice_IsRefused()
    {
        Assert.NotNull(PageGuard.Refusal(new PageRequest(["127.0.0.1", "127.0.0.1"], [], []), "", ""));
        Assert.NotNull(PageGuard.Refusal(new PageRequest([], [], []), "", ""));
        Assert.NotNull(PageGuard.Refusal(new PageRequest(["127.0.0.1"], [Allowed, Allowed], []), "", Allowed));
        Assert.NotNull(PageGuard.Refusal(new PageRequest(["127.0.0.1"], [], ["none", "cross-site"]), "", ""));
    }

    private static string? Guard(string host, string? origin, string? site) => PageGuard.Refusal(
        new PageRequest([host], origin is null ? [] : [origin], site is null ? [] : [site]), Names, Allowed);

    [Fact]
    public void ImageOfAForeignPageOverPlainHttp_IsRefused()
    {
        var image = new PageRequest(["192.168.1.50"], [], []) { FromBrowser = true };
        Assert.Contains("browser", PageGuard.Refusal(image, "", ""), StringComparison.Ordinal);
        Assert.Null(PageGuard.Refusal(image with { FetchSite = ["none"] }, "", ""));
        Assert.Null(PageGuard.Refusal(image with { FromBrowser = false }, "", ""));
    }
}
