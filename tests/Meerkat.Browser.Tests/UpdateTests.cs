using Microsoft.Playwright;

namespace Meerkat.Browser.Tests;

/// <summary>Updates by the page, from the drop to the commit or the fall back.</summary>
public sealed class UpdateTests(Chromium browser)
{
    [Fact]
    public async Task GoodBundle_IsDropped_TriedAndCommitted_WithoutAReload()
    {
        await using var device = await Samples.ThermostatAsync();
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");
        await page.ShowsAsync(page.Slot(0), "running");
        await page.ShowsAsync(page.Slot(1), "Empty");
        await page.Page.EvaluateAsync(
            """
            window.headlines = [];
            new MutationObserver(() => window.headlines.push(headline.textContent))
              .observe(headline, { childList: true, characterData: true, subtree: true });
            """);

        await page.DropAsync(Repository.Sample("thermostat-1.1.0"));

        await page.ShowsAsync(page.Headline, "1.1.0 is on trial");
        Assert.Equal(1, page.Uploads);
        await page.ShowsAsync(page.Page.Locator("#countdown"), "4:");
        Assert.Equal(300, (int)(await device.StatusAsync())!["commit_timeout"]!);
        await Assertions.Expect(page.Page.Locator("#file")).ToBeDisabledAsync();
        await page.ShowsAsync(page.Page.Locator("#drop"), "Commit or revert");

        await page.Button("Commit").ClickAsync();
        await page.ShowsAsync(page.Headline, "1.1.0 is committed");
        await page.ShowsAsync(page.Badge, "Committed");
        await page.ShowsAsync(page.Slot(1), "committed");
        await device.RunsAsync("1.1.0", trial: false);
        // The window was never loaded anew, or these would be gone.
        var headlines = await page.Page.EvaluateAsync<string[]>("window.headlines");
        string[] inTurn = ["Sending thermostat-1.1.0.zip", "Restarting", "1.1.0 is on trial", "1.1.0 is committed"];
        var places = inTurn.Select(words => Array.FindIndex(headlines, seen => seen.StartsWith(words, StringComparison.Ordinal))).ToArray();
        Assert.True(places[0] >= 0 && places.SequenceEqual(places.Order()), string.Join('\n', headlines));
    }

    [Fact]
    public async Task BundleThatCrashes_FallsBack_AndThePageSaysWhy()
    {
        await using var device = await Samples.ThermostatAsync();
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");

        await page.DropAsync(Repository.Sample("thermostat-1.2.0"));

        await page.ShowsAsync(page.Headline, "Fell back to 1.0.0");
        await page.ShowsAsync(page.Page.Locator("#explanation"), "firmware exited with code 7");
        await page.ShowsAsync(page.Page.Locator("#reason"), "1.2.0 in slot 1 was given up");
        await page.ShowsAsync(page.Page.Locator("#output-text"), "sensor calibration table: expected 16 entries, found 0");
        await page.ShowsAsync(page.Slot(1), "failed");
    }

    [Fact]
    public async Task Revert_GoesBack()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");
        await page.Page.SetInputFilesAsync("#file", await Samples.BundleAsync(device, TestFirmware.Good("1.1.0")));
        await page.ShowsAsync(page.Headline, "1.1.0 is on trial");

        await page.Button("Revert").ClickAsync();

        await page.ShowsAsync(page.Headline, "Reverted to 1.0.0");
        await device.RunsAsync("1.0.0", trial: false);
    }

    [Fact]
    public async Task DeadlineThatPasses_IsShown_AndThePageComesBackByItself()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");
        await page.Page.FillAsync("#timeout", "3");
        await page.Page.SetInputFilesAsync("#file", await Samples.BundleAsync(device, TestFirmware.Good("1.1.0")));

        await page.ShowsAsync(page.Headline, "Fell back to 1.0.0");
        await page.ShowsAsync(page.Page.Locator("#explanation"), "no commit within 3 s");
    }

    [Fact]
    public async Task HeldUpdate_IsActivated()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var offered = (await device.CallAsync("RPC.List")).Result!.AsArray().Select(name => (string?)name);
        Assert.SkipUnless(offered.Contains("OTA.Activate"), "this device has no OTA.Activate");
        await device.RunsAsync("1.0.0", trial: false);
        var bundle = await Samples.BundleAsync(device, TestFirmware.Good("1.1.0"));
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await CommandRun.CurlAsync("-F", "file=@" + bundle, "-F", "activate=false", device.Url + "/update");
        await page.ShowsAsync(page.Headline, "1.1.0 is installed and waits");
        await page.Button("Discard").ClickAsync();
        await page.ShowsAsync(page.Headline, "1.0.0 runs");

        await CommandRun.CurlAsync("-F", "file=@" + bundle, "-F", "activate=false", "-F", "commit_timeout=60", device.Url + "/update");
        await page.Button("Activate").ClickAsync();

        await page.ShowsAsync(page.Headline, "1.1.0 is on trial");
    }

    [Fact]
    public async Task DeviceThatGoesAway_IsSaid_AndItsReturn()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");

        await device.KillEverythingAsync();
        await page.ShowsAsync(page.Headline, "not reachable");
        await Assertions.Expect(page.Page.Locator("#file")).ToBeDisabledAsync();
        device.Start();

        await page.ShowsAsync(page.Headline, "1.0.0 runs");
        await Assertions.Expect(page.Page.Locator("#file")).ToBeEnabledAsync();
    }
}
