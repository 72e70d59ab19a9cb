using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Agent.Tests.Harness;
using Meerkat.Core.Access;
using Meerkat.Rpc;
using Meerkat.Rpc.Client;
using Meerkat.Rpc.Http;

namespace Meerkat.Agent.Tests;

/// <summary>A device that asks for credentials on everything, tried with curl, with .NET's own client, and by hand.</summary>
public sealed class CredentialsTests(ProtectedDevice device) : IClassFixture<ProtectedDevice>
{
    private static readonly DigestAnswer Admin = new("admin", "secret");

    [Theory]
    [InlineData("/", 200)]
    [InlineData("/page.js", 200)]
    [InlineData("/metrics", 200)]
    [InlineData("/rpc/RPC.List", 200)]
    [InlineData("/rpc/Sys.GetInfo?x=%221%22", 200)]
    [InlineData("/update/commit", 400)]
    [InlineData("/nowhere", 404)]
    public async Task Curl_IsLetInWithThePasswordOnly(string path, int status)
    {
        Assert.Equal("401", await CurlAsync(path));
        Assert.Equal("401", await CurlAsync(path, "--digest", "-u", "admin:wrong"));
        Assert.Equal("401", await CurlAsync(path, "--digest", "-u", "eve:secret"));
        Assert.Equal("401", await CurlAsync(path, "--basic", "-u", "admin:secret"));
        Assert.Equal($"{status}", await CurlAsync(path, "--digest", "-u", "admin:secret"));
        Assert.Equal($"{status}", await CurlAsync(path, "--anyauth", "-u", "admin:secret"));
    }

    [Fact]
    public async Task Curl_UploadsAFormByDigest()
    {
        var file = Path.Combine(device.Running.Root, "big.zip");
        await File.WriteAllBytesAsync(file, new byte[3 << 20], TestContext.Current.CancellationToken);

        Assert.Equal("401", await CurlAsync("/update", "-H", "Expect:", "-F", $"file=@{file}"));
        Assert.Equal("401", await CurlAsync("/update", "-F", $"file=@{file}"));
        Assert.Equal("401", await CurlAsync("/update", "--digest", "-u", "admin:wrong", "-F", $"file=@{file}"));
        var (_, said) = await Tool.RunAsync(
            "curl", "-s", "-w", "%{http_code}", "--digest", "-u", "admin:secret", "-F", $"file=@{file}", device.Url + "/update");
        Assert.Contains("zip", said);
        Assert.EndsWith("500", said);
    }

    [Fact]
    public async Task Health_IsOpen() => Assert.Equal((200, "ok"), await device.Running.SendAsync("GET", "/healthz"));

    [Fact]
    public async Task ClientOfDotNet_IsLetIn()
    {
        using var handler = new HttpClientHandler { Credentials = new CredentialCache { { new Uri(device.Url), "Digest", new NetworkCredential("admin", "secret") } } };
        using var http = new HttpClient(handler);
        Assert.StartsWith("# HELP", await http.GetStringAsync(device.Url + "/metrics", TestContext.Current.CancellationToken));
        Assert.StartsWith("# HELP", await http.GetStringAsync(device.Url + "/metrics", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task OwnClient_AsksOnceAndGoesOn()
    {
        await using var client = Client(Admin);
        for (var i = 0; i < 5; i++)
        {
            Assert.NotNull(await client.CallAsync("RPC.Ping", null, RpcClient.DefaultTimeout, TestContext.Current.CancellationToken));
        }
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.CallAsync("RPC.List", null, RpcClient.DefaultTimeout)));
    }

    [Fact]
    public async Task OwnClientWithAWrongPassword_IsToldSo()
    {
        await using var client = Client(Admin with { Password = "wrong" });
        var told = await Assert.ThrowsAsync<RpcTransportException>(
            () => client.CallAsync("RPC.Ping", null, RpcClient.DefaultTimeout, TestContext.Current.CancellationToken));
        Assert.Contains("401", told.Message);
    }

    [Fact]
    public async Task ProofSentTwice_CountsOnce()
    {
        var challenge = await ChallengeAsync("/metrics");
        var proof = Admin.Header(challenge, "GET", "/metrics", "c1", 1);

        Assert.Equal(200, (await GetAsync("/metrics", "Digest " + proof)).Status);
        var again = await GetAsync("/metrics", "Digest " + proof);
        Assert.Equal(401, again.Status);
        Assert.Contains("stale=\"true\"", again.Challenge);
        Assert.Equal(200, (await GetAsync("/metrics", "Digest " + Admin.Header(challenge, "GET", "/metrics", "c1", 2))).Status);
        Assert.Equal(401, (await GetAsync("/metrics", "Digest " + Admin.Header(challenge, "GET", "/metrics", "c2", 1))).Status);
    }

    [Fact]
    public async Task ProofForOnePath_IsNoneForAnother()
    {
        var proof = "Digest " + Admin.Header(await ChallengeAsync("/metrics"), "GET", "/metrics", "c1", 1);
        Assert.Equal(401, (await GetAsync("/update/commit", proof)).Status);
        Assert.Equal(401, (await GetAsync("/metrics?x=1", proof)).Status);
    }

    [Fact]
    public async Task ForeignNonce_IsStaleForWhoKnowsThePassword()
    {
        foreach (var nonce in new[] { "7f000000", "ffffffffffffffffffffffffffffffff", "0", "", "zz", new string('1', 33) })
        {
            var answer = await GetAsync("/metrics", "Digest " + Admin.Header(new DigestChallenge("RPC", nonce, DigestAlgorithm.Sha256), "GET", "/metrics", "c", 1));
            Assert.Equal(401, answer.Status);
            Assert.Contains("stale=\"true\"", answer.Challenge);
            answer = await GetAsync("/metrics", "Digest " + new DigestAnswer("admin", "x").Header(new DigestChallenge("RPC", nonce, DigestAlgorithm.Sha256), "GET", "/metrics", "c", 1));
            Assert.DoesNotContain("stale", answer.Challenge);
        }
    }

    public static TheoryData<string> HostileHeaders => new()
    {
        "Digest",
        "Digest ,,,,",
        "Digest username=\"admin",
        "Digest username=\"admin\\",
        "Digest username=\"admin\", username=\"admin\"",
        "Digest realm=\"RPC\", nonce=\"\u00e4\u00f6\"",
        "Digest " + new string('a', 12000) + "=1",
        "Digest " + string.Concat(Enumerable.Repeat("a=1,", 2500)),
        "Digest " + string.Concat(Enumerable.Range(0, 1500).Select(i => $"a{i}=1,")),
        "Basic YWRtaW46c2VjcmV0",
        "Bearer admin",
        "Negotiate",
    };

    [Theory]
    [MemberData(nameof(HostileHeaders))]
    public async Task HostileHeader_IsAskedAgain(string header)
    {
        var answer = await device.Running.RawAsync($"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: {header}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 401", answer);
        Assert.Contains("WWW-Authenticate: Digest qop=\"auth\", realm=\"RPC\", nonce=\"", answer);
        Assert.Contains("Content-Length: 0", answer);
    }

    [Fact]
    public async Task TwoHeaders_AreNone()
    {
        var proof = Admin.Header(await ChallengeAsync("/metrics"), "GET", "/metrics", "c1", 1);
        Assert.StartsWith("HTTP/1.1 401", await device.Running.RawAsync(
            $"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Digest {proof}\r\nAuthorization: Digest {proof}\r\n\r\n"));
    }

    [Fact]
    public async Task HeaderOfTheOriginalClient_IsRead()
    {
        // Its shape on the wire: unquoted algorithm and qop, a number as cnonce.
        var challenge = await ChallengeAsync("/rpc", "POST");
        var hash = DigestScheme.UserHash(DigestAlgorithm.Sha256, "admin", "RPC", "secret");
        var response = DigestScheme.Response(DigestAlgorithm.Sha256, hash, challenge.Nonce, "00000001", "3735928559", "POST", "/rpc");
        var (status, body) = await device.Running.SendAsync(
            "POST", "/rpc", """{"src":"mos","id":1662941514412,"method":"RPC.Ping"}""" + "\n",
            ("Authorization", $"Digest username=\"admin\", realm=\"RPC\", uri=\"/rpc\", algorithm=SHA-256, nonce=\"{challenge.Nonce}\", nc=00000001, "
                + $"cnonce=\"3735928559\", qop=auth, response=\"{response}\""));
        Assert.Equal(200, status);
        Assert.Contains("channel_info", body);
    }

    [Fact]
    public async Task AuthInAFrameOverHttp_Is401OrSaysWhatIsWrong()
    {
        Assert.Equal(401, (await device.Running.SendAsync("POST", "/rpc", """{"id":1,"method":"RPC.List"}""")).Status);
        Assert.Equal(401, (await device.Running.SendAsync("POST", "/rpc", """{"method":"RPC.List"}""")).Status);
        var auth = Admin.Frame(new DigestChallenge("RPC", "1795438244", DigestAlgorithm.Sha256), 1);
        Assert.Equal(401, (await device.Running.SendAsync("POST", "/rpc", $$"""{"id":1,"method":"RPC.List","auth":{{auth.ToJsonString()}}}""")).Status);
        var (status, body) = await device.Running.SendAsync("POST", "/rpc", """{"id":1,"method":"RPC.List","auth":{"realm":"RPC"}}""");
        Assert.Equal(200, status);
        Assert.Contains("\"code\":400,\"message\":\"bad request: auth has no usable", body);
    }

    [Theory]
    [InlineData("FS.Get", """{"filename":"pw.txt"}""")]
    [InlineData("FS.Get", """{"filename":"/keys/../pw.txt"}""")]
    [InlineData("FS.Get", """{"filename":"keys/server.key"}""")]
    [InlineData("FS.Rename", """{"src":"pw.txt","dst":"x.txt"}""")]
    [InlineData("FS.Rename", """{"src":"keys","dst":"x"}""")]
    public async Task SecretFile_IsNotReadUnderAnyName(string method, string arguments)
    {
        await using var client = Client(Admin);
        var refused = await Assert.ThrowsAsync<Meerkat.Core.Protocol.RpcException>(
            () => client.CallAsync(method, JsonNode.Parse(arguments), RpcClient.DefaultTimeout, TestContext.Current.CancellationToken));
        Assert.True(refused.Error.Code is 403 or 400, refused.Message);
    }

    private async Task<string> CurlAsync(string path, params string[] arguments)
    {
        var (_, output) = await Tool.RunAsync("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", .. arguments, device.Url + path]);
        return output;
    }

    private async Task<DigestChallenge> ChallengeAsync(string path, string method = "GET")
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), device.Url + path);
        if (method == "POST")
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes("""{"id":1,"method":"RPC.Ping"}"""));
        }
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        return DigestChallenge.Parse(Assert.Single(response.Headers.WwwAuthenticate).Parameter!)!;
    }

    private async Task<(int Status, string Challenge)> GetAsync(string path, string authorization)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, device.Url + path);
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, response.Headers.WwwAuthenticate.ToString());
    }

    private RpcClient Client(DigestAnswer user) => new(
        new HttpTransport(new Uri(device.Url + "/rpc"), new ClientAccess(user, new TlsOptions())), new Random(1), TimeProvider.System);
}
