using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>A device that looks for updates by itself, and servers of all kinds.</summary>
public sealed class PollingTests
{
    private static readonly byte[] Old = TestFirmware.Good("1.0.0").Bundle();
    private static readonly byte[] New = TestFirmware.Good("1.1.0").Bundle();

    /// <summary>The reference server answers 304 when the version in the device's header is that of the bundle, and knows no ETag.</summary>
    [Fact]
    public async Task ReferenceServer_SaysNotModified_UntilItHasAnotherVersion()
    {
        var offered = ("1.0.0", Old);
        await using var server = new BundleServer(head =>
        {
            var (version, bundle) = offered;
            var told = BundleServer.Header(head, "X-MGOS-FW-Version")!.Split(' ');
            Assert.Equal(3, told.Length);
            return told[1] == version ? BundleServer.Answer("304 Not Modified") : BundleServer.Answer("200 OK", bundle);
        });
        await using var device = await DeviceUnderTest.StartAsync(
            "update.interval=1", $"update.url={server.Url}/fw.zip", "device.id=pump-7", "boot.ready_after=1", "boot.settle=1");
        await PolledAsync(device, 1, "Not Modified");
        var firmware = device.Firmware;
        Assert.All(server.Requests, head =>
        {
            Assert.Matches("^pump-7 [0-9A-F]{12}$", BundleServer.Header(head, "X-MGOS-Device-ID"));
            Assert.Equal("linux-x64 1.0.0 build-1.0.0", BundleServer.Header(head, "X-MGOS-FW-Version"));
            Assert.Matches(@"^test/1\.0\.0 \(Meerkat/[0-9.]+; linux-x64\)$", BundleServer.Header(head, "User-Agent"));
        });
        Assert.Equal(firmware, device.Firmware);

        offered = ("1.1.0", New);
        await device.RunsAsync("1.1.0", trial: false);
        await PolledAsync(device, 1, "Not Modified");
    }

    [Fact]
    public async Task ServerWithETags_IsAskedForTheBundleThatDoesNotRunYet()
    {
        var (bundle, tag) = (Old, "old");
        await using var server = new BundleServer(head => BundleServer.Header(head, "If-None-Match") == $"\"{tag}\""
            ? BundleServer.Answer("304 Not Modified")
            : BundleServer.Bundle(bundle, tag));
        await using var device = await DeviceUnderTest.StartAsync(
            "update.interval=1", $"update.url={server.Url}/fw.zip", "boot.ready_after=1", "boot.settle=1");
        await PolledAsync(device, 1, "Not Modified");
        Assert.Null(BundleServer.Header(server.Requests[0], "If-None-Match"));
        Assert.Equal("\"old\"", BundleServer.Header(server.Requests[1], "If-None-Match"));

        // A call that names the bundle means it, whether it runs or not.
        Assert.Equal((200, "(1) Not Modified\r\n"), await device.GetAsync("/update"));
        (bundle, tag) = (New, "new");
        await device.RunsAsync("1.1.0", trial: false);
        await PolledAsync(device, 1, "Not Modified");
    }

    [Fact]
    public async Task ExpiredCertificate_TheFirmwareRunsOn_AndTheDeviceKeepsTrying()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var authority = Certificate(key, null, DateTimeOffset.UtcNow.AddDays(-90), DateTimeOffset.UtcNow.AddDays(90));
        using var expired = Certificate(key, authority, DateTimeOffset.UtcNow.AddDays(-60), DateTimeOffset.UtcNow.AddDays(-1));
        using var renewed = Certificate(key, authority, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(60));
        var shown = expired;
        await using var server = new BundleServer(_ => BundleServer.Bundle(New, "new"), () => shown);
        await using var device = await DeviceUnderTest.StartAsync("boot.ready_after=1", "boot.settle=1");
        await device.RunsAsync("1.0.0", trial: false);
        var firmware = device.Firmware;
        await PutAsync(device, "ca.pem", authority.ExportCertificatePem());
        await ConfigureAsync(device, $$"""{"update": {"url": "{{server.Url}}/fw.zip", "interval": 1} }""");

        await PolledAsync(device, -10, "expired");
        await Eventually.HoldsAsync("it tried again", async () => (int?)(await device.StatusAsync())?["poll"]?["failures"] >= 3);
        Assert.Equal(firmware, device.Firmware);
        Assert.Empty(server.Requests);
        // What is always the same is logged once.
        Assert.Equal(2, device.Log.Split("NotTimeValid").Length);

        shown = renewed;
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Fact]
    public async Task Addresses_AreTriedInOrder_UntilOneHasTheBundle()
    {
        var damaged = (byte[])New.Clone();
        damaged[^(damaged.Length / 3)] ^= 1;
        await using var missing = new BundleServer(_ => BundleServer.Answer("404 Not Found"));
        await using var page = new BundleServer(_ => BundleServer.Answer("200 OK", Encoding.ASCII.GetBytes("<html>log in first</html>")));
        await using var broken = new BundleServer(_ => BundleServer.Answer("200 OK", damaged));
        await using var good = new BundleServer(_ => BundleServer.Answer("200 OK", New));
        await using var unasked = new BundleServer(_ => BundleServer.Answer("200 OK", New));
        var dead = $"http://127.0.0.1:{DeviceUnderTest.FreePort()}";
        await using var device = await DeviceUnderTest.StartAsync(
            $"update.url={dead}/a {missing.Url}/b\t{page.Url}/c {broken.Url}/d {good.Url}/e {unasked.Url}/f");

        var (code, text) = await device.GetAsync("/update?commit_timeout=600");
        Assert.Equal((200, "(1) Update applied, rebooting\r\n"), (code, text));
        Assert.Equal([1, 1, 1, 1, 0], [.. ((BundleServer[])[missing, page, broken, good, unasked]).Select(server => server.Requests.Length)]);
        await device.RunsAsync("1.1.0", trial: true);
    }

    [Fact]
    public async Task Addresses_ABundleThatIsRefusedEndsTheSearch_AndAllThatFailAreTold()
    {
        await using var wrong = new BundleServer(
            _ => BundleServer.Answer("200 OK", (TestFirmware.Good("1.1.0") with { Manifest = new JsonObject { ["platform"] = "esp32" } }).Bundle()));
        await using var unasked = new BundleServer(_ => BundleServer.Answer("200 OK", New));
        await using var missing = new BundleServer(_ => BundleServer.Answer("404 Not Found"));
        await using var device = await DeviceUnderTest.StartAsync();

        var refused = await device.CallAsync("OTA.Update", $$"""{"url": "{{wrong.Url}}/a {{unasked.Url}}/b"}""");
        Assert.Contains("Wrong platform", (string?)refused.Error!["message"], StringComparison.Ordinal);
        Assert.Empty(unasked.Requests);

        var (code, text) = await device.GetAsync($"/update?url={Uri.EscapeDataString($"{missing.Url}/a {missing.Url}/b?secret=1")}");
        Assert.Equal(500, code);
        Assert.Equal(
            $"(-404) {missing.Url}/a: Invalid HTTP response code 404; {missing.Url}/b: Invalid HTTP response code 404\r\n", text);
    }

    [Fact]
    public async Task ServerThatAsksToBeLeftAlone_IsNotAskedAgain_AndTheNextOneIs()
    {
        await using var busy = new BundleServer(_ => BundleServer.Answer("503 Busy\nRetry-After: 3600"));
        await using var other = new BundleServer(_ => BundleServer.Answer("304 Not Modified"));
        await using var device = await DeviceUnderTest.StartAsync("update.interval=1", $"update.url={busy.Url}/a {other.Url}/b");

        await Eventually.HoldsAsync("the other one was asked four times", () => other.Requests.Length >= 4);
        Assert.Single(busy.Requests);
    }

    [Fact]
    public async Task ChangedSettings_CutALongPauseShort()
    {
        await using var server = new BundleServer(_ => BundleServer.Answer("304 Not Modified"));
        await using var device = await DeviceUnderTest.StartAsync();
        Assert.Null((await device.StatusAsync())!["poll"]);
        await ConfigureAsync(device, $$"""{"update": {"url": "{{server.Url}}/fw.zip", "interval": 31622400} }""");
        await Eventually.HoldsAsync("it waits", async () => (double?)(await device.StatusAsync())?["poll"]?["next_in"] > 0);

        await ConfigureAsync(device, """{"update": {"interval": 1} }""");
        await PolledAsync(device, 1, "Not Modified");
        await ConfigureAsync(device, """{"update": {"interval": 0}}""");
        await Eventually.HoldsAsync("it looks no more", async () => (await device.StatusAsync())?["poll"] is null);
    }

    /// <summary>However slow this machine is, no more bytes than allowed can have gone in the time that went by.</summary>
    [Fact]
    public async Task MaxRate_HoldsTheServerBack()
    {
        const int rate = 500_000;
        const int onTheWay = 400_000; // what lies in buffers: the sender's, the line's, the device's
        var noise = new string([.. Enumerable.Range(0, 1_500_000).Select(i => (char)('!' + (i * 31 % 90)))]);
        var firmware = TestFirmware.Good("1.1.0");
        firmware.Files["noise"] = noise;
        await using var server = new BundleServer(_ => BundleServer.Answer("200 OK", firmware.Bundle()));
        await using var device = await DeviceUnderTest.StartAsync($"update.max_rate={rate}", "update.timeout=2");

        var begun = Stopwatch.GetTimestamp();
        var update = device.GetAsync($"/update?url={server.Url}/fw.zip&commit_timeout=600");
        while (!update.IsCompleted)
        {
            var sent = server.SentBytes;
            Assert.InRange(sent, 0, (rate * Stopwatch.GetElapsedTime(begun).TotalSeconds) + onTheWay);
            await Task.WhenAny(update, Task.Delay(20, TestContext.Current.CancellationToken));
        }
        Assert.Equal(200, (await update).Code);
        Assert.True(Stopwatch.GetElapsedTime(begun).TotalSeconds >= (double)noise.Length / rate);
    }

    private static Task PolledAsync(DeviceUnderTest device, int result, string words) => Eventually.HoldsAsync(
        $"a look came to {result} {words}\n{device.Log}",
        async () => (await device.StatusAsync())?["poll"] is { } poll
            && (int?)poll["last_result"] == result
            && ((string?)poll["last_message"])!.Contains(words, StringComparison.Ordinal));

    private static async Task ConfigureAsync(DeviceUnderTest device, string config) =>
        Assert.Null((await device.CallAsync("Config.Set", $$"""{"config": {{config}}, "save": true}""")).Error);

    private static async Task PutAsync(DeviceUnderTest device, string name, string text) => Assert.Null((await device.CallAsync(
        "FS.Put", $$"""{"filename": "{{name}}", "data": "{{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}}"}""")).Error);

    /// <summary>An authority, or what it signs for 127.0.0.1; with the same key, which is no matter here.</summary>
    private static X509Certificate2 Certificate(ECDsa key, X509Certificate2? issuer, DateTimeOffset from, DateTimeOffset until)
    {
        var request = new CertificateRequest(issuer is null ? "CN=authority" : "CN=server", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(issuer is null, false, 0, true));
        if (issuer is null)
        {
            return request.CreateSelfSigned(from, until);
        }
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(issuer, from, until, RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }
}
