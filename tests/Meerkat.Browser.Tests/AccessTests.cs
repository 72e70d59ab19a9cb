using System.Net;
using Meerkat.Agent;
using Meerkat.Agent.Page;
using Meerkat.Device;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace Meerkat.Browser.Tests;

/// <summary>Who may open the page, and what other pages may not.</summary>
public sealed class AccessTests(Chromium browser)
{
    /// <summary>Tries all that a page has to reach another origin by, and writes down what it got.</summary>
    private const string Attack =
        """
        <!doctype html><title>foreign</title>
        <form id="form" method="post" enctype="multipart/form-data" action="DEVICE/update" target="frame">
          <input name="file" value="x"></form>
        <iframe name="frame"></iframe><a id="link" href="DEVICE/">the device</a>
        <script>
          const got = [];
          const attempt = async (what, action) => {
            try { got.push(what + ": " + await action()); } catch (fault) { got.push(what + ": none"); }
          };
          const loads = (node, property, url) => new Promise((done, fail) => {
            node.onload = () => done("loaded");
            node.onerror = fail;
            node[property] = url;
            document.body.append(node);
          });
          (async () => {
            await attempt("page", async () => (await fetch("DEVICE/")).text());
            await attempt("status", async () => (await fetch("DEVICE/rpc/OTA.Status", { method: "POST" })).text());
            await attempt("json", async () => (await fetch("DEVICE/rpc/OTA.Status",
              { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" })).text());
            await attempt("script", () => loads(document.createElement("script"), "src", "DEVICE/page.js"));
            await attempt("image", () => loads(document.createElement("img"), "src", "DEVICE/icon.svg"));
            await fetch("DEVICE/rpc/OTA.Revert", { method: "POST", mode: "no-cors" }).catch(() => {});
            await fetch("DEVICE/update/revert", { mode: "no-cors" }).catch(() => {});
            form.submit();
            document.title = "done";
            window.got = got;
          })();
        </script>
        """;

    /// <summary>Another port is another origin of the same site; another name is another site.</summary>
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData(Chromium.ForeignName)]
    public async Task ForeignPage_ReadsNothing_AndChangesNothing(string foreign)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 600);
        await device.RunsAsync("1.1.0", trial: true);
        using var site = new ForeignSite(Attack.Replace("DEVICE", device.Url, StringComparison.Ordinal));
        await using var window = await browser.OpenAsync();
        var page = await window.NewPageAsync();
        var answers = new List<(string Request, int Status)>();
        page.Response += (_, response) =>
        {
            lock (answers)
            {
                answers.Add(($"{response.Request.Method} {response.Url}", response.Status));
            }
        };

        await page.GotoAsync(site.At(foreign));
        await page.WaitForFunctionAsync("document.title === 'done'");
        await Eventually.HoldsAsync("the form was sent", () =>
        {
            lock (answers)
            {
                return answers.Any(answer => answer.Request == $"POST {device.Url}/update");
            }
        });

        Assert.Equal(
            ["page: none", "status: none", "json: none", "script: none", "image: none"], await page.EvaluateAsync<string[]>("window.got"));
        Assert.All(
            answers.Where(answer => answer.Request.Contains(device.Url, StringComparison.Ordinal)),
            answer => Assert.Equal(403, answer.Status));
        await device.RunsAsync("1.1.0", trial: true);

        // A link that is followed: the browser says that it comes from elsewhere, and the device says what to do.
        await page.ClickAsync("#link");
        await page.WaitForURLAsync(device.Url + "/");
        Assert.Contains("type its address into a new tab", await page.InnerTextAsync("body"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NameInTheNetwork_ServesThePage_ThoughTheBrowserSaysLessOverPlainHttp()
    {
        await using var device = await DeviceUnderTest.StartAsync($"http.host_names={Chromium.DeviceName}");
        var port = device.Address.Split(':')[1];
        await using var page = await DevicePage.OpenAsync(browser, $"http://{Chromium.DeviceName}:{port}");
        await page.ShowsAsync(page.Headline, "1.0.0 runs");
        Assert.False(await page.Page.EvaluateAsync<bool>("isSecureContext"));

        await page.Page.SetInputFilesAsync("#file", await Samples.BundleAsync(device, TestFirmware.Good("1.1.0")));
        await page.ShowsAsync(page.Headline, "1.1.0 is on trial");
        await page.Button("Commit").ClickAsync();
        await page.ShowsAsync(page.Headline, "1.1.0 is committed");
    }

    [Fact]
    public async Task NameThatIsNotTheDevices_GetsNothing()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await using var window = await browser.OpenAsync();
        var page = await window.NewPageAsync();
        foreach (var path in (string[])["/", "/page.js", "/rpc/OTA.Status"])
        {
            var answer = await page.GotoAsync($"http://{Chromium.RebindingName}:{device.Address.Split(':')[1]}{path}");
            Assert.Equal(403, answer!.Status);
            Assert.Contains($"the device is not called \"{Chromium.RebindingName}", await answer.TextAsync(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/", "text/html; charset=utf-8")]
    [InlineData("/page.css", "text/css; charset=utf-8")]
    [InlineData("/page.js", "text/javascript; charset=utf-8")]
    [InlineData("/icon.svg", "image/svg+xml")]
    public async Task File_IsWellGuarded_AndNotSentTwice(string path, string type)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(device.Url) };
        using var first = await http.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(type, first.Content.Headers.ContentType!.ToString());
        string Header(string name) => string.Join(", ", first.Headers.GetValues(name));
        var policy = Header("Content-Security-Policy");
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Header("X-Content-Type-Options"));
        Assert.Equal("same-origin", Header("Referrer-Policy"));
        Assert.Equal("no-cache", Header("Cache-Control"));

        using var again = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
        using var second = await http.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync());
        using var head = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
        Assert.Equal(first.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        using var post = await http.PostAsync(path, null);
        Assert.NotEqual(HttpStatusCode.OK, post.StatusCode);
    }

    [Fact]
    public async Task PageOfAnApplication_WorksAtAPathOfItsOwn()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var address = $"http://127.0.0.1:{DeviceUnderTest.FreePort()}";
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(address);
        builder.Logging.ClearProviders();
        builder.AddMeerkat(options => (options.Root, options.Listen) = (device.Root, false));
        await using var application = builder.Build();
        application.MapMeerkat();
        MeerkatPage.Map(application, "/");
        application.MapGet("/", () => "the application's own");
        await application.StartAsync();

        await using var window = await browser.OpenAsync();
        var page = await window.NewPageAsync();
        await page.GotoAsync(address + "/meerkat");
        Assert.Equal(address + "/meerkat/", page.Url);
        await Assertions.Expect(page.Locator("#headline")).ToHaveTextAsync("1.0.0 runs");
        Assert.Equal("grid", await page.Locator("main").EvaluateAsync<string>("node => getComputedStyle(node).display"));
        await page.GotoAsync(address + "/");
        Assert.Equal("the application's own", await page.InnerTextAsync("body"));
    }
}
