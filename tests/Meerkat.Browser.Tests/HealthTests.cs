using Microsoft.Playwright;

namespace Meerkat.Browser.Tests;

/// <summary>The page shows what a health contract finds, while it is looked and afterwards.</summary>
public sealed class HealthTests(Chromium browser)
{
    [Fact]
    public async Task Probes_AreShownInTheTrialAndAfterTheFallBack()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");
        await Assertions.Expect(page.Page.Locator("#health")).ToBeHiddenAsync();
        var firmware = TestFirmware.Good("1.1.0");
        firmware.Files["health.json"] =
            """{"max_time": 8, "interval": 1, "probes": [{"alive": true}, {"name": "sums", "command": "echo '<b>wrong</b>'; exit 3"}]}""";

        await page.DropAsync(await Samples.BundleAsync(device, firmware));

        await page.ShowsAsync(page.Page.Locator("#health-words"), "1.1.0 commits by itself when all of this holds.");
        await page.ShowsAsync(page.Page.Locator("#probes li.held"), "alive");
        await page.ShowsAsync(page.Page.Locator("#probes li.not-held"), "exit code 3: <b>wrong</b>");
        await page.ShowsAsync(page.Page.Locator("#explanation"), "It commits by itself once its health contract holds");
        await page.ShowsAsync(page.Headline, "Fell back to 1.0.0");
        await page.ShowsAsync(page.Page.Locator("#health-words"), "1.1.0 was given up, because not all of this held.");
        await page.ShowsAsync(page.Page.Locator("#reason"), "the health contract did not hold within 8 s: sums: exit code 3");
    }
}
