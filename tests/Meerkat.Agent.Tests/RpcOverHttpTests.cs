using Meerkat.Agent.Tests.Harness;

namespace Meerkat.Agent.Tests;

public sealed class RpcOverHttpTests(RunningDevice device) : IClassFixture<RunningDevice>
{
    [Theory]
    [InlineData("""{"id":17,"method":"OTA.Commit"}""", """{"id":17,"src":"dev1","error":{"code":-1,"message":"already committed; there is nothing to commit"}}""")]
    [InlineData("""{"src":"mos","id":1662941514412,"method":"no.such"}""", """{"id":1662941514412,"src":"dev1","dst":"mos","error":{"code":404,"message":"No handler for no.such"}}""")]
    [InlineData("""{"id":"x","method":"fs.list","args":{"path":"/none"}}""", """{"id":"x","src":"dev1","result":[]}""")]
    public async Task Frame_IsAnsweredWith200AndCrLf(string frame, string answer) =>
        Assert.Equal((200, answer + "\r\n"), await device.SendAsync("POST", "/rpc", frame));

    [Fact]
    public async Task Notification_HasAnEmptyAnswer() =>
        Assert.Equal((200, ""), await device.SendAsync("POST", "/rpc", """{"method":"RPC.List"}"""));

    [Theory]
    [InlineData("junk")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("""{"id":1,"method":"RPC.List","dst":"other"}""")]
    public async Task WhatIsNoFrameForUs_Is400(string body)
    {
        var (status, text) = await device.SendAsync("POST", "/rpc", body);

        Assert.Equal(400, status);
        Assert.StartsWith("Invalid request", text);
    }

    [Fact]
    public async Task FrameOverTheLimit_Is400AndTheLimitIsNamed()
    {
        var (status, text) = await device.SendAsync("POST", "/rpc", new string(' ', 65537));

        Assert.Equal(400, status);
        Assert.Contains("65536", text);
    }

    [Theory]
    [InlineData("POST", "/rpc/RPC.Ping2", null, 404)]
    [InlineData("POST", "/rpc/OTA.Commit", null, 500)]
    [InlineData("POST", "/rpc/FS.Get", "{}", 500)]
    [InlineData("POST", "/rpc/FS.List", "{", 500)]
    [InlineData("GET", "/rpc/FS.List?path=/", null, 500)]
    [InlineData("GET", "/rpc/FS.List?path=%22/%22", null, 200)]
    [InlineData("GET", "/rpc/Config.Get?key=%22app%22&level=0", null, 200)]
    [InlineData("PUT", "/rpc/rpc.list", "", 200)]
    [InlineData("OPTIONS", "/rpc/RPC.List", null, 200)]
    [InlineData("OPTIONS", "/rpc", null, 400)]
    [InlineData("GET", "/nothing", null, 404)]
    [InlineData("GET", "/update/xyz", null, 404)]
    [InlineData("GET", "/healthz", null, 200)]
    public async Task Method_HasAStatusOfItsOwn(string verb, string path, string? body, int status) =>
        Assert.Equal(status, (await device.SendAsync(verb, path, body)).Status);

    [Fact]
    public async Task Method_AnswersBare() =>
        Assert.Equal((200, "1\r\n"), await device.SendAsync("GET", "/rpc/Config.Get?key=%22app.size%22"));

    [Theory]
    [InlineData("/rpc/RPC.List")]
    [InlineData("/update/commit")]
    [InlineData("/update/revert")]
    [InlineData("/update")]
    public async Task ForeignPage_Is403(string path)
    {
        Assert.Equal(403, (await device.SendAsync("GET", path, null, ("Origin", "http://evil.example"))).Status);
        Assert.Equal(403, (await device.SendAsync("GET", path, null, ("Sec-Fetch-Site", "cross-site"))).Status);
        Assert.Equal(403, (await device.SendAsync("GET", path, null, ("Host", "evil.example"))).Status);
    }

    [Fact]
    public async Task CorsHeaders_AreForTheConfiguredOriginOnly()
    {
        const string preflight = "OPTIONS /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nOrigin: https://console.example\r\n\r\n";
        Assert.StartsWith("HTTP/1.1 403", await device.RawAsync(preflight));

        await device.CallAsync("Config.Set", """{"key":"http.cors_origin","value":"https://console.example"}""");
        var allowed = await device.RawAsync(preflight);
        await device.CallAsync("Config.Set", """{"key":"http.cors_origin","value":""}""");

        Assert.StartsWith("HTTP/1.1 200", allowed);
        Assert.Contains("Access-Control-Allow-Origin: https://console.example\r\n", allowed);
    }
}
