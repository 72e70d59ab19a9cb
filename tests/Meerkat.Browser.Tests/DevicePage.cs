using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace Meerkat.Browser.Tests;

/// <summary>The device's page in a browser's window, with a watch on all that it asks for and complains of.</summary>
internal sealed class DevicePage : IAsyncDisposable
{
    private const float PatienceMilliseconds = 60_000;

    private readonly IBrowserContext window;
    private readonly ConcurrentQueue<string> complaints = [];
    private readonly ConcurrentQueue<string> requests = [];
    private readonly string origin;

    private DevicePage(IBrowserContext window, IPage page, string origin, bool takesCalls)
    {
        this.window = window;
        this.origin = origin;
        Page = page;
        page.SetDefaultTimeout(PatienceMilliseconds);
        page.Console += (_, message) =>
        {
            // The browser notes each call that nobody answers or that the device refuses, as around a restart.
            if (message.Type is "error" or "warning" && !message.Text.Contains("net::ERR_", StringComparison.Ordinal)
                && !message.Text.Contains("status of 500", StringComparison.Ordinal)
                && (takesCalls || !message.Text.Contains("status of 404", StringComparison.Ordinal)))
            {
                complaints.Enqueue(message.Text);
            }
        };
        page.PageError += (_, error) => complaints.Enqueue(error);
        page.Request += (_, request) => requests.Enqueue($"{request.Method} {request.Url}");
    }

    public IPage Page { get; }

    public ILocator Headline => Page.Locator("#headline");

    public ILocator Badge => Page.Locator("#badge");

    public ILocator InstallProblem => Page.Locator("#install-problem");

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true });

    public ILocator Slot(int number) => Page.Locator(".slot").Nth(number);

    /// <summary>Uploads that were begun.</summary>
    public int Uploads => requests.Count(request => request.StartsWith("POST ", StringComparison.Ordinal)
        && request.EndsWith("/update", StringComparison.Ordinal));

    public static async Task<DevicePage> OpenAsync(Chromium browser, string url, BrowserNewContextOptions? options = null, bool takesCalls = true)
    {
        var window = await browser.OpenAsync(options);
        var page = new DevicePage(window, await window.NewPageAsync(), url, takesCalls);
        var answer = await page.Page.GotoAsync(url + "/");
        Assert.Equal(200, answer!.Status);
        return page;
    }

    public async Task ShowsAsync(ILocator what, string words)
    {
        try
        {
            await Assertions.Expect(what).ToContainTextAsync(words, new LocatorAssertionsToContainTextOptions { Timeout = PatienceMilliseconds });
        }
        catch (PlaywrightException fault)
        {
            Assert.Fail($"{fault.Message}\nThe page says:\n{await Page.InnerTextAsync("body")}");
        }
    }

    /// <summary>From now on this window sends as over a slow line.</summary>
    public async Task SendSlowlyAsync(int bytesPerSecond)
    {
        var browser = await window.NewCDPSessionAsync(Page);
        await browser.SendAsync("Network.enable");
        await browser.SendAsync("Network.emulateNetworkConditions", new Dictionary<string, object>
        {
            ["offline"] = false,
            ["latency"] = 0,
            ["downloadThroughput"] = -1,
            ["uploadThroughput"] = bytesPerSecond,
        });
    }

    /// <summary>Drags files over the page and lets them go, as the browser itself does when somebody drags them from a folder.</summary>
    public async Task DropAsync(params string[] paths)
    {
        await Page.Locator("#drop").ScrollIntoViewIfNeededAsync();
        var box = (await Page.Locator("#drop").BoundingBoxAsync())!;
        var browser = await window.NewCDPSessionAsync(Page);
        foreach (var type in (string[])["dragEnter", "dragOver", "drop"])
        {
            await browser.SendAsync("Input.dispatchDragEvent", new Dictionary<string, object>
            {
                ["type"] = type,
                ["x"] = box.X + (box.Width / 2),
                ["y"] = box.Y + (box.Height / 2),
                ["data"] = new Dictionary<string, object>
                {
                    ["items"] = Array.Empty<object>(),
                    ["files"] = paths,
                    ["dragOperationsMask"] = 1,
                },
            });
        }
    }

    /// <summary>Nothing from elsewhere was asked for, and the browser had nothing to complain of.</summary>
    public async ValueTask DisposeAsync()
    {
        await window.DisposeAsync();
        Assert.Empty(complaints);
        Assert.All(requests, request => Assert.StartsWith(origin + "/", request.Split(' ', 2)[1], StringComparison.Ordinal));
    }
}
