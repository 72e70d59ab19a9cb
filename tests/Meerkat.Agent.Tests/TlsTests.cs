using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Meerkat.Agent.Tests.Harness;

namespace Meerkat.Agent.Tests;

/// <summary>Listening by TLS, seen by curl and by .NET.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly Certificates certificates = new();
    private readonly string own = Directory.CreateTempSubdirectory("mktls").FullName;

    public void Dispose()
    {
        certificates.Dispose();
        Directory.Delete(own, recursive: true);
    }

    [Fact]
    public async Task ChangedFiles_CountWithoutARestart()
    {
        await using var device = await StartAsync(certificates.Issue("first"));
        Assert.Equal((0, "ok"), await CurlAsync(device, "--cacert", Write("ca.pem", certificates.Authority)));
        Assert.NotEqual(0, (await CurlAsync(device)).ExitCode);
        Assert.Equal("CN=first", (await ShownAsync(device)).Subject);

        // Half of a new pair, and then rubbish: the old one stays.
        var (certificate, key) = certificates.Issue("second");
        await ReplaceAsync(device, "cert.pem", certificate);
        await ShownAfterALookAsync(device, "CN=first", "no certificate with its key");
        await ReplaceAsync(device, "cert.pem", "rubbish");
        Assert.Equal("CN=first", (await ShownAsync(device)).Subject);

        await ReplaceAsync(device, "key.pem", key);
        await ReplaceAsync(device, "cert.pem", certificate);
        await ShownAfterALookAsync(device, "CN=second", "http.ssl_cert: can be used again");

        File.Delete(device.InSlot("key.pem"));
        await ShownAfterALookAsync(device, "CN=second", "key.pem is missing");
        Assert.Equal((0, "ok"), await CurlAsync(device, "--cacert", Path.Combine(own, "ca.pem")));
    }

    [Fact]
    public async Task ExpiredCertificate_IsUsedAndToldOf()
    {
        await using var device = await StartAsync(certificates.Issue("old", days: -5));
        Assert.Equal((0, "ok"), await CurlAsync(device, "-k"));
        Assert.NotEqual(0, (await CurlAsync(device, "--cacert", Write("ca.pem", certificates.Authority))).ExitCode);
        await UntilAsync(() => device.Log.Contains("WARNING: http.ssl_cert: cert.pem has expired", StringComparison.Ordinal));

        var (certificate, key) = certificates.Issue("new");
        await ReplaceAsync(device, "cert.pem", certificate);
        await ReplaceAsync(device, "key.pem", key);
        await ShownAfterALookAsync(device, "CN=new", "http.ssl_cert: can be used again");
        Assert.Equal((0, "ok"), await CurlAsync(device, "--cacert", Path.Combine(own, "ca.pem")));
    }

    [Fact]
    public async Task ClientCertificates_AreCheckedByTheAuthority()
    {
        await using var device = await StartAsync(certificates.Issue("server"), folder =>
        {
            File.WriteAllText(folder.InSlot("clients.pem"), certificates.Authority);
            folder.Set("http", new JsonObject { ["ssl_ca_cert"] = "clients.pem" });
        });
        var authority = Write("ca.pem", certificates.Authority);
        using var stranger = new Certificates();

        Assert.Equal((0, "ok"), await CurlAsync(device, ["--cacert", authority, .. Client(certificates.Issue("me", forClients: true))]));
        Assert.NotEqual(0, (await CurlAsync(device, "--cacert", authority)).ExitCode);
        Assert.NotEqual(0, (await CurlAsync(device, ["--cacert", authority, .. Client(stranger.Issue("me", forClients: true))])).ExitCode);
        Assert.NotEqual(0, (await CurlAsync(device, ["--cacert", authority, .. Client(certificates.Issue("me", days: -5, forClients: true))])).ExitCode);
        // A server's certificate of the same authority is no client's.
        Assert.NotEqual(0, (await CurlAsync(device, ["--cacert", authority, .. Client(certificates.Issue("server"))])).ExitCode);
    }

    [Fact]
    public async Task PlainRequest_GetsNoAnswer()
    {
        await using var device = await StartAsync(certificates.Issue("server"));
        Assert.Equal("", await device.RawAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        Assert.Equal((0, "ok"), await CurlAsync(device, "-k"));
    }

    [Fact]
    public async Task OldVersions_AreRefused()
    {
        await using var device = await StartAsync(certificates.Issue("server"));
        var (exitCode, _) = await CurlAsync(device, "-k", "--tls-max", "1.1");
        Assert.NotEqual(0, exitCode);
    }

    private static async Task<RunningDevice> StartAsync((string Certificate, string Key) pair, Action<DeviceFolder>? more = null)
    {
        var device = new RunningDevice
        {
            Prepare = folder =>
            {
                File.WriteAllText(folder.InSlot("cert.pem"), pair.Certificate);
                File.WriteAllText(folder.InSlot("key.pem"), pair.Key);
                folder.Set("http", new JsonObject { ["ssl_cert"] = "cert.pem", ["ssl_key"] = "key.pem" });
                more?.Invoke(folder);
            },
        };
        await device.InitializeAsync();
        return device;
    }

    /// <summary>In one step, as a careful program does.</summary>
    private static async Task ReplaceAsync(RunningDevice device, string name, string text)
    {
        await File.WriteAllTextAsync(device.InSlot(name) + ".new", text, TestContext.Current.CancellationToken);
        File.Move(device.InSlot(name) + ".new", device.InSlot(name), overwrite: true);
    }

    /// <summary>Connects until the device has looked at its files again and said so, and then sees what it shows.</summary>
    private static async Task ShownAfterALookAsync(RunningDevice device, string subject, string said)
    {
        var before = device.Log.Length;
        await UntilAsync(async () =>
        {
            using var shown = await ShownAsync(device);
            return device.Log[before..].Contains(said, StringComparison.Ordinal);
        });
        using var now = await ShownAsync(device);
        Assert.Equal(subject, now.Subject);
    }

    private static async Task<X509Certificate2> ShownAsync(RunningDevice device)
    {
        using var client = await device.ConnectAsync("");
#pragma warning disable CA5359 // What is shown is what is looked at.
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync("127.0.0.1");
        return X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.Export(X509ContentType.Cert));
    }

    private static Task UntilAsync(Func<bool> holds) => UntilAsync(() => Task.FromResult(holds()));

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await holds())
        {
            await Task.Delay(50, limit.Token);
        }
    }

    private string[] Client((string Certificate, string Key) pair) =>
        ["--cert", Write("client.pem", pair.Certificate), "--key", Write("client.key", pair.Key)];

    private string Write(string name, string text)
    {
        var path = Path.Combine(own, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static async Task<(int ExitCode, string Output)> CurlAsync(RunningDevice device, params string[] arguments) =>
        await Tool.RunAsync("curl", ["-s", .. arguments, $"https://127.0.0.1:{device.Port}/healthz"]);
}
