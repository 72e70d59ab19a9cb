using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Meerkat.Browser.Tests.Chromium))]

namespace Meerkat.Browser.Tests;

/// <summary>The system's own Chromium, one for all tests. Where there is none they are skipped, but never in CI.</summary>
public sealed class Chromium : IAsyncLifetime
{
    /// <summary>A name that leads to the device, as one in the local network would.</summary>
    public const string DeviceName = "kiosk.test";

    /// <summary>A name that leads to the device and that nobody gave it: what a page does that lets its own name point there.</summary>
    public const string RebindingName = "rebinding.test";

    /// <summary>The name of another site.</summary>
    public const string ForeignName = "localhost";

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    private IPlaywright? playwright;
    private IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        if (Program() is not { } program)
        {
            return;
        }
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = program,
            Args = ["--no-sandbox", $"--host-resolver-rules=MAP {DeviceName} 127.0.0.1, MAP {RebindingName} 127.0.0.1"],
        });
    }

    /// <summary>A window of its own, with nothing remembered.</summary>
    public async Task<IBrowserContext> OpenAsync(BrowserNewContextOptions? options = null)
    {
        if (browser is null)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "CI has no Chromium; .ci/run installs it");
            Assert.Skip($"none of {string.Join(", ", Names)} is in PATH; on Debian: apt-get install chromium");
        }
        options ??= new BrowserNewContextOptions();
        options.Locale = "en-GB";
        options.TimezoneId = "UTC";
        return await browser.NewContextAsync(options);
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
        {
            await browser.DisposeAsync();
        }
        playwright?.Dispose();
    }

    private static string? Program() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .SelectMany(_ => Names, Path.Combine)
        .FirstOrDefault(File.Exists);
}
