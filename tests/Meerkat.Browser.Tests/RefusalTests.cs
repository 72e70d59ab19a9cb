using System.Security.Cryptography;
using Microsoft.Playwright;

namespace Meerkat.Browser.Tests;

/// <summary>What is dropped and is no update, or comes at the wrong time: said in words, and nothing happens.</summary>
public sealed class RefusalTests(Chromium browser)
{
    private const long MoreThanADeviceDrops = (1L << 30) + (1L << 28);
    private static readonly byte[] Film = [0, 0, 0, 0x18, .. "ftypmp42"u8, .. new byte[5000]];

    [Theory]
    [InlineData("film.mp4", "film.mp4 (5.0\u00a0kB) is no bundle: a bundle is a .zip file")]
    [InlineData("film.zip", "does not begin as a zip archive does")]
    public async Task Film_IsRefusedByThePage_AndNotSent(string name, string words)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");

        await page.DropAsync(await Samples.FileAsync(device, name, Film));

        await page.ShowsAsync(page.InstallProblem, words);
        Assert.Equal(0, page.Uploads);
        Assert.Equal(0, (int)(await device.StatusAsync())!["state"]!);
        await device.RunsAsync("1.0.0", trial: false);
    }

    [Fact]
    public async Task SeveralFiles_AFolder_AndAnEmptyFile_AreNotSent()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");
        var bundle = await Samples.BundleAsync(device, TestFirmware.Good("1.1.0"));

        await page.DropAsync(bundle, await Samples.BundleAsync(device, TestFirmware.Good("1.2.0")));
        await page.ShowsAsync(page.InstallProblem, "One bundle at a time");
        await page.DropAsync(Directory.CreateDirectory(Path.Combine(device.Folder, "folder.zip")).FullName);
        await page.ShowsAsync(page.InstallProblem, "not a folder");
        await page.DropAsync(await Samples.FileAsync(device, "empty.zip", []));
        await page.ShowsAsync(page.InstallProblem, "empty.zip (0\u00a0bytes) is no bundle");
        await page.Page.FillAsync("#timeout", "604801");
        await page.DropAsync(bundle);
        await page.ShowsAsync(page.InstallProblem, "from 0 to 604800");

        Assert.Equal(0, page.Uploads);
    }

    [Fact]
    public async Task ArchiveThatIsNoBundle_IsRefusedInTheDevicesWords()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var photos = new ZipBuilder().Add("photo.jpg", RandomNumberGenerator.GetBytes(3000)).ToArray();
        var (code, said) = await device.PushAsync(photos);
        Assert.Equal(500, code);
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");

        await page.DropAsync(await Samples.FileAsync(device, "photos.zip", photos));

        await page.ShowsAsync(page.InstallProblem, "The device refused photos.zip: " + said.Split(' ', 2)[1].TrimEnd());
        Assert.Equal(1, page.Uploads);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");
    }

    [Fact]
    public async Task RefusalLongBeforeAllIsSent_IsInTheDevicesWords()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var path = await Samples.FileAsync(device, "large.zip", new ZipBuilder().Add("photo.jpg", new byte[100]).ToArray());
        await using (var file = File.OpenWrite(path))
        {
            file.SetLength(MoreThanADeviceDrops);
        }
        await using var page = await DevicePage.OpenAsync(browser, device.Url);
        await page.ShowsAsync(page.Headline, "1.0.0 runs");

        await page.DropAsync(path);

        await page.ShowsAsync(page.InstallProblem, "The device refused large.zip: ");
        await page.ShowsAsync(page.InstallProblem, "manifest.json");
        await page.ShowsAsync(page.Headline, "1.0.0 runs");
    }

    [Fact]
    public async Task DeviceThatTakesNoCalls_IsSaid()
    {
        await using var device = await DeviceUnderTest.StartAsync("rpc.enable=false");
        await using var page = await DevicePage.OpenAsync(browser, device.Url, takesCalls: false);
        await page.ShowsAsync(page.Headline, "The device does not answer this page");
        await page.ShowsAsync(page.Page.Locator("#explanation"), "rpc.enable is false");
    }

    [Fact]
    public async Task SecondTab_SeesTheFirst_AndCannotInstall_UntilItStops()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var first = await DevicePage.OpenAsync(browser, device.Url);
        await using var second = await DevicePage.OpenAsync(browser, device.Url);
        await second.ShowsAsync(second.Headline, "1.0.0 runs");
        var large = TestFirmware.Good("1.1.0") with
        {
            Files = new() { ["noise"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(12_000_000)) },
        };
        // Longer than this test takes, on however busy a machine; the page is told to stop.
        await first.SendSlowlyAsync(100_000);
        await first.DropAsync(await Samples.BundleAsync(device, large));
        await first.ShowsAsync(first.Page.Locator("#transfer-words"), "sent");

        await second.ShowsAsync(second.Headline, "Installing an update");
        await second.ShowsAsync(second.Page.Locator("#transfer-words"), "Somebody else installs an update");
        await second.ShowsAsync(second.Page.Locator("#drop"), "Another update is being installed");
        await Assertions.Expect(second.Page.Locator("#file")).ToBeDisabledAsync();
        await second.DropAsync(await Samples.BundleAsync(device, TestFirmware.Good("1.2.0")));
        await second.ShowsAsync(second.InstallProblem, "Another update is being installed");
        Assert.Equal(0, second.Uploads);

        await first.Button("Stop sending").ClickAsync();
        await first.ShowsAsync(first.InstallProblem, "stopped");
        await second.ShowsAsync(second.Headline, "1.0.0 runs");
        await second.DropAsync(await Samples.BundleAsync(device, TestFirmware.Good("1.2.0")));
        await second.ShowsAsync(second.Headline, "1.2.0 is on trial");
        await first.ShowsAsync(first.Headline, "1.2.0 is on trial");
    }
}
