using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace Meerkat.Rpc.Tests;

public sealed class RpcClientTests
{
    [Fact]
    public async Task Call_SendsFrameAndReturnsResult()
    {
        const string Arguments = """{"x":12345678901234567890}""";
        string? sent = null;
        await using var server = new LoopbackServer((body, _) =>
        {
            sent = body;
            return Task.FromResult<string?>(Answer(body, "\"src\":\"dev1\",\"result\":{\"n\":2.50}") + "\r\n");
        });
        using var client = Client(server.Address);
        var result = await client.CallAsync("A.B", JsonNode.Parse(Arguments), RpcClient.DefaultTimeout);
        Assert.Equal("""{"n":2.50}""", result!.ToJsonString());
        Assert.Equal(Answer(sent!, $"\"src\":\"meerkat\",\"method\":\"A.B\",\"params\":{Arguments}"), sent);
        Assert.InRange(long.Parse(Id(sent!)), 1L << 40, (1L << 41) - 1);
    }

    [Fact]
    public async Task NoArguments_AreNotSent()
    {
        await using var server = new LoopbackServer((body, _) =>
            Task.FromResult<string?>(Answer(body, body.Contains("params") ? "\"result\":1" : "\"result\":2")));
        using var client = Client(server.Address);
        Assert.Equal(2, (await client.CallAsync("A", null, RpcClient.DefaultTimeout))!.GetValue<int>());
    }

    [Theory]
    [InlineData("""{"code":0,"message":"Update applied, finalizing"}""")]
    [InlineData("""{"code":0}""")]
    public async Task ErrorWithCodeZero_IsSuccess(string error)
    {
        await using var server = new LoopbackServer((body, _) => Task.FromResult<string?>(Answer(body, "\"error\":" + error)));
        using var client = Client(server.Address);
        Assert.Null(await client.CallAsync("OTA.Update", null, RpcClient.DefaultTimeout));
    }

    [Fact]
    public async Task Error_IsThrownWithCodeAndMessage()
    {
        await using var server = new LoopbackServer((body, _) =>
            Task.FromResult<string?>(Answer(body, "\"error\":{\"code\":-11,\"message\":\"-11 Write failed\"}")));
        using var client = Client(server.Address);
        var thrown = await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("OTA.Update", null, RpcClient.DefaultTimeout));
        Assert.Equal((-11, "-11 Write failed"), (thrown.Error.Code, thrown.Message));
    }

    [Theory]
    [InlineData(200, """{"id":5,"result":null}""", "with id 5")]
    [InlineData(200, "<html>", "no RPC frame")]
    [InlineData(404, "gone", "HTTP status 404: is this the address of a device's RPC")]
    [InlineData(401, "", "wants the name of a user")]
    [InlineData(403, "foreign origin", "HTTP status 403: foreign origin")]
    public async Task OtherAnswer_IsATransportFault(int status, string answer, string text)
    {
        await using var server = new LoopbackServer((_, response) =>
        {
            response.StatusCode = status;
            return Task.FromResult<string?>(answer);
        });
        using var client = Client(server.Address);
        var thrown = await Assert.ThrowsAsync<RpcTransportException>(() => client.CallAsync("A", null, RpcClient.DefaultTimeout));
        Assert.Contains(text, thrown.Message);
        Assert.False(thrown.NotReached);
    }

    [Fact]
    public async Task NobodyListening_IsSaidSo()
    {
        var address = new Uri($"http://127.0.0.1:{LoopbackServer.FreePort()}/rpc");
        using var client = Client(address);
        var thrown = await Assert.ThrowsAsync<RpcTransportException>(() => client.CallAsync("A", null, RpcClient.DefaultTimeout));
        Assert.True(thrown.NotReached);
        Assert.Equal($"cannot reach {address}: connection refused", thrown.Message);
    }

    [Fact]
    public async Task NoAnswerInTime_EndsTheCall()
    {
        var time = new FakeTimeProvider();
        var received = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var server = new LoopbackServer(async (_, _) =>
        {
            received.SetResult();
            await release.Task;
            return null;
        });
        using var client = new RpcClient(server.Address, new Random(1), time);
        var call = client.CallAsync("A", null, TimeSpan.FromSeconds(20));
        await received.Task;
        time.Advance(TimeSpan.FromSeconds(20));
        var thrown = await Assert.ThrowsAsync<RpcTransportException>(() => call);
        release.SetResult();
        Assert.True(thrown.TimedOut);
        Assert.EndsWith("did not answer within 20 s", thrown.Message);
    }

    private static RpcClient Client(Uri address) => new(address, new Random(1), TimeProvider.System);

    private static string Answer(string request, string members) => $"{{\"id\":{Id(request)},{members}}}";

    private static string Id(string frame) => JsonNode.Parse(frame)!["id"]!.ToJsonString();
}
