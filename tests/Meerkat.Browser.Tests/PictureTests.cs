using Microsoft.Playwright;

namespace Meerkat.Browser.Tests;

/// <summary>How the page looks. With <c>MEERKAT_UPDATE_DOCS=1</c> its pictures in <c>docs/pictures</c> are taken anew.</summary>
public sealed class PictureTests(Chromium browser)
{
    private static readonly bool Taking = Environment.GetEnvironmentVariable("MEERKAT_UPDATE_DOCS") == "1";

    [Fact]
    public async Task EveryKindOfPage_HasItsPicture()
    {
        await using var device = await Samples.ThermostatAsync();
        await using (var page = await DevicePage.OpenAsync(browser, device.Url, Desk(ColorScheme.Light)))
        {
            await page.ShowsAsync(page.Headline, "1.0.0 runs");
            await page.DropAsync(Repository.Sample("thermostat-1.1.0"));
            await page.ShowsAsync(page.Headline, "1.1.0 is on trial");
            await page.ShowsAsync(page.Page.Locator("#explanation"), "Look whether it works");
            await page.ShowsAsync(page.Page.Locator("#facts"), "Boot loader");
            await TakeAsync(page, "trial-light.png");
        }
        await using (var page = await DevicePage.OpenAsync(browser, device.Url, Phone(ColorScheme.Light)))
        {
            await page.ShowsAsync(page.Headline, "1.1.0 is on trial");
            await page.ShowsAsync(page.Page.Locator("#facts"), "Boot loader");
            await TakeAsync(page, "trial-phone.png");
            await page.Button("Commit").ClickAsync();
            await page.ShowsAsync(page.Headline, "1.1.0 is committed");
        }
        await using (var page = await DevicePage.OpenAsync(browser, device.Url, Desk(ColorScheme.Dark)))
        {
            await page.ShowsAsync(page.Headline, "1.1.0 runs");
            await page.ShowsAsync(page.Page.Locator("#facts"), "Boot loader");
            await TakeAsync(page, "committed-dark.png");
            await page.DropAsync(Repository.Sample("thermostat-1.2.0"));
            await page.ShowsAsync(page.Headline, "Fell back to 1.1.0");
            await page.ShowsAsync(page.Page.Locator("#output-text"), "sensor calibration table");
            await page.ShowsAsync(page.Page.Locator("#facts"), "Boot loader");
            await TakeAsync(page, "fall-back-dark.png");
        }
    }

    private static BrowserNewContextOptions Desk(ColorScheme scheme) => new()
    {
        ColorScheme = scheme,
        ViewportSize = new ViewportSize { Width = 900, Height = 800 },
        DeviceScaleFactor = 2,
    };

    private static BrowserNewContextOptions Phone(ColorScheme scheme) => new()
    {
        ColorScheme = scheme,
        ViewportSize = new ViewportSize { Width = 375, Height = 740 },
        DeviceScaleFactor = 2,
        HasTouch = true,
        IsMobile = true,
    };

    private static async Task TakeAsync(DevicePage page, string name)
    {
        var path = Path.Combine(Repository.Root, "docs/pictures", name);
        await page.Page.Mouse.MoveAsync(0, 0);
        var picture = await page.Page.ScreenshotAsync(new PageScreenshotOptions { FullPage = true, Animations = ScreenshotAnimations.Disabled });
        if (Taking)
        {
            await File.WriteAllBytesAsync(path, picture);
        }
        Assert.True(File.Exists(path), $"{path} is not there; take it with MEERKAT_UPDATE_DOCS=1");
    }
}
