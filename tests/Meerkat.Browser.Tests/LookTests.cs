using Microsoft.Playwright;

namespace Meerkat.Browser.Tests;

/// <summary>The page for everybody: on a phone, in the dark, by keyboard, and with firmware that wants to do harm by its words.</summary>
public sealed class LookTests(Chromium browser)
{
    private const string Markup = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";

    /// <summary>The least contrast of a text with what is behind it, and that text.</summary>
    private const string LeastContrast =
        """
        () => {
          const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
            .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const behind = (node) => {
            for (; node; node = node.parentElement) {
              const colour = numbers(getComputedStyle(node).backgroundColor);
              if (colour.length === 3 || colour[3] > 0) return colour;
            }
            return [255, 255, 255];
          };
          const texts = [...document.querySelectorAll("body *")].filter((node) => node.checkVisibility()
            && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
          const found = texts.map((node) => {
            const [a, b] = [light(numbers(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
            return [(a + 0.05) / (b + 0.05), node.textContent.trim()];
          }).sort((x, y) => x[0] - y[0])[0];
          return `${found[0].toFixed(2)} ${found[1]}`;
        }
        """;

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Phone_ScrollsInOneDirection_AndEverythingCanBeRead(ColorScheme scheme)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var page = await DevicePage.OpenAsync(browser, device.Url, new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = 375, Height = 700 },
            IsMobile = true,
            HasTouch = true,
            ColorScheme = scheme,
        });
        await page.ShowsAsync(page.Headline, "1.0.0 runs");
        await page.ShowsAsync(page.Page.Locator("#facts"), "Boot loader");
        await FitsAsync(page);
        var ground = await page.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        Assert.Equal(scheme == ColorScheme.Dark ? "rgb(18, 22, 21)" : "rgb(245, 246, 245)", ground);

        await page.Page.SetInputFilesAsync("#file", await Samples.BundleAsync(device, TestFirmware.Good("1.1.0")));
        await page.ShowsAsync(page.Headline, "1.1.0 is on trial");
        await FitsAsync(page);
        await page.Button("Commit").TapAsync();
        await page.ShowsAsync(page.Headline, "1.1.0 is committed");

        var longWord = new string('m', 300);
        var loud = new TestFirmware("2.0.0-" + new string('x', 40), $"echo {longWord}; echo {Markup.Length}; exit 3");
        await page.Page.SetInputFilesAsync("#file", await Samples.FileAsync(device, longWord[..80] + ".zip", loud.Bundle()));
        await page.ShowsAsync(page.Headline, "Fell back to 1.1.0");
        await page.ShowsAsync(page.Page.Locator("#output-text"), longWord);
        await FitsAsync(page);
    }

    [Fact]
    public async Task Keyboard_IsEnough()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");
        await Assertions.Expect(page.Page.Locator("#file")).ToBeEnabledAsync();

        await page.Page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.Page.Locator("#file")).ToBeFocusedAsync();
        Assert.Equal("solid", await page.Page.Locator(".button").EvaluateAsync<string>("node => getComputedStyle(node).outlineStyle"));
        await page.Page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.Page.Locator("#timeout")).ToBeFocusedAsync();
        await page.Page.Keyboard.TypeAsync("77");
        await page.Page.Keyboard.PressAsync("Shift+Tab");
        var chooser = await page.Page.RunAndWaitForFileChooserAsync(() => page.Page.Keyboard.PressAsync("Enter"));
        await chooser.SetFilesAsync(await Samples.BundleAsync(device, TestFirmware.Good("1.1.0")));
        await page.ShowsAsync(page.Headline, "1.1.0 is on trial");
        Assert.Equal(77, (int)(await device.StatusAsync())!["commit_timeout"]!);

        await page.Page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.Button("Commit")).ToBeFocusedAsync();
        await page.Page.Keyboard.PressAsync("Enter");
        await page.ShowsAsync(page.Headline, "1.1.0 is committed");
        await Assertions.Expect(page.Headline).ToBeFocusedAsync();
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Fact]
    public async Task ReaderOfTheScreen_IsToldWhatChanges_AndNotEverySecond()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        Assert.True(await page.Headline.EvaluateAsync<bool>("node => node.closest('[aria-live=polite]') !== null"));
        Assert.Equal("alert", await page.InstallProblem.GetAttributeAsync("role"));
        Assert.True(await page.Page.Locator("#left").EvaluateAsync<bool>("node => node.closest('[aria-live]').ariaLive === 'off'"));
        var tree = await page.Page.Locator("body").AriaSnapshotAsync();
        Assert.Contains("heading \"Install an update\"", tree, StringComparison.Ordinal);
        Assert.Contains("button \"Choose a file\"", tree, StringComparison.Ordinal);
        Assert.Contains("spinbutton \"Commit within\"", tree, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WordsOfTheFirmware_AreText()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");
        const string version = "<img src=x onerror=\"document.title='owned'\">";
        var hostile = new TestFirmware(version, $"echo the beginning; yes many lines | head -n 1000; cat <<'END'\n{Markup}\nEND\nexit 1");

        await page.Page.SetInputFilesAsync("#file", await Samples.FileAsync(device, $"<b>{new string('n', 20)}.zip", hostile.Bundle()));

        await page.ShowsAsync(page.Headline, "Fell back to 1.0.0");
        await page.ShowsAsync(page.Slot(1), version);
        await page.ShowsAsync(page.Page.Locator("#reason"), version);
        await page.ShowsAsync(page.Page.Locator("#output-text"), Markup);
        await Assertions.Expect(page.Page.Locator("#output-text")).Not.ToContainTextAsync("the beginning");
        await page.Button("Show all that was kept").ClickAsync();
        await page.ShowsAsync(page.Page.Locator("#output-text"), "the beginning");
        await Assertions.Expect(page.Button("Show all that was kept")).ToBeHiddenAsync();
        await page.ShowsAsync(page.Page.Locator("#output-text"), Markup);
        Assert.Equal(1, await page.Page.Locator("img").CountAsync());
        Assert.Equal(1, await page.Page.Locator("script").CountAsync());
        Assert.DoesNotContain("owned", await page.Page.TitleAsync(), StringComparison.Ordinal);
    }

    private static async Task FitsAsync(DevicePage page)
    {
        Assert.Equal(375, await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        var least = await page.Page.EvaluateAsync<string>(LeastContrast);
        Assert.True(double.Parse(least.Split(' ')[0]) >= 4.5, $"contrast {least}");
    }
}
