using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace Meerkat.Rpc.Tests;

public sealed class RpcDispatcherTests
{
    private static readonly RpcPeer Peer = new("HTTP", "127.0.0.1:5000");

    private readonly FakeTimeProvider time = new();
    private readonly RpcDispatcher dispatcher;

    public RpcDispatcherTests()
    {
        dispatcher = new RpcDispatcher(time) { DeviceId = "dev1" };
        dispatcher.Add("Echo.All", "{text: %Q}", null, (call, _) => Task.FromResult<JsonNode?>(call.Arguments.Text("text")));
        dispatcher.Add("Echo.Refuse", "", null, (_, _) => throw new RpcException(RpcErrorCode.Conflict, "not now"));
        dispatcher.Add("Echo.Fail", "", null, (_, _) => throw new IOException("disk on fire"));
        dispatcher.Add("Echo.Wait", "", null, async (_, token) =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return null;
        });
    }

    [Theory]
    [InlineData("""{"id":1,"method":"Echo.All","params":{"text":"hi"}}""", "\"result\":\"hi\"")]
    [InlineData("""{"id":1,"method":"eCHO.aLL"}""", "\"result\":null")]
    [InlineData("""{"id":1,"method":"Echo"}""", "\"error\":{\"code\":404,\"message\":\"No handler for Echo\"}")]
    [InlineData("""{"id":1,"method":"Echo.All","params":{"text":5}}""", "\"error\":{\"code\":400,\"message\":\"text must be a string, found 5\"}")]
    [InlineData("""{"id":1,"method":"Echo.All","params":[5]}""", "\"error\":{\"code\":400,\"message\":\"params must be an object, found an array\"}")]
    [InlineData("""{"id":1,"method":"Echo.Refuse"}""", "\"error\":{\"code\":409,\"message\":\"not now\"}")]
    [InlineData("""{"id":1,"method":"Echo.Fail"}""", "\"error\":{\"code\":500,\"message\":\"disk on fire\"}")]
    [InlineData("""{"id":1,"method":"RPC.Ping"}""", "\"result\":{\"channel_info\":\"127.0.0.1:5000\"}")]
    [InlineData("""{"id":1,"method":"RPC.List"}""", "\"result\":[\"Echo.Wait\",\"Echo.Fail\",\"Echo.Refuse\",\"Echo.All\",\"RPC.Ping\",\"RPC.Describe\",\"RPC.List\"]")]
    [InlineData("""{"id":1,"method":"RPC.Describe","params":{"name":"echo.all"}}""", "\"result\":{\"name\":\"Echo.All\",\"args_fmt\":\"{text: %Q}\"}")]
    [InlineData("""{"id":1,"method":"RPC.Describe","params":{"name":"x"}}""", "\"error\":{\"code\":404,\"message\":\"name not found\"}")]
    [InlineData("""{"id":1,"method":"RPC.Describe"}""", "\"error\":{\"code\":400,\"message\":\"name is required\"}")]
    public async Task Call_IsAnswered(string frame, string payload)
    {
        var answer = Assert.IsType<RpcReply.Answer>(await TakeAsync(frame));
        Assert.Equal($$"""{"id":1,"src":"dev1",{{payload}}}""", Encoding.UTF8.GetString(answer.Response.ToUtf8()));
    }

    [Fact]
    public async Task Notification_IsPerformedInSilence()
    {
        var seen = 0;
        dispatcher.Add("Count", "", null, (_, _) =>
        {
            seen++;
            return Task.FromResult<JsonNode?>(null);
        });
        Assert.IsType<RpcReply.Silence>(await TakeAsync("""{"method":"Count"}"""));
        Assert.Equal(1, seen);
    }

    [Theory]
    [InlineData("""{"id":1,"method":"RPC.List","dst":"dev2"}""", "the frame is for \"dev2\", this is \"dev1\"")]
    [InlineData("""{"id":1,"result":5}""", "the frame names no method")]
    [InlineData("nonsense", "not JSON")]
    public async Task FrameThatIsNoCallForUs_IsRefused(string frame, string reason) =>
        Assert.Contains(reason, Assert.IsType<RpcReply.Refusal>(await TakeAsync(frame)).Reason);

    [Fact]
    public async Task PendingRestart_LocksOutEveryCall()
    {
        dispatcher.LockOut(TimeSpan.FromMilliseconds(100));
        time.Advance(TimeSpan.FromMilliseconds(40));
        Assert.Equal("shutting down in 60 ms", await ErrorAsync(418));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("shutting down in 0 ms", await ErrorAsync(418));
        dispatcher.Unlock();
        Assert.IsType<RpcOutcome.Succeeded>(await dispatcher.InvokeAsync("RPC.Ping", default, Peer, default));

        async Task<string?> ErrorAsync(int code)
        {
            var failed = Assert.IsType<RpcOutcome.Failed>(await dispatcher.InvokeAsync("RPC.Ping", default, Peer, default));
            Assert.Equal(code, failed.Error.Code);
            return failed.Error.Message;
        }
    }

    [Fact]
    public async Task Fault_IsReportedAndRefusalIsNot()
    {
        var faults = new List<string>();
        dispatcher.OnFault = (method, e) => faults.Add($"{method}: {e.Message}");
        await TakeAsync("""{"id":1,"method":"Echo.Refuse"}""");
        await TakeAsync("""{"id":1,"method":"echo.fail"}""");
        Assert.Equal(["Echo.Fail: disk on fire"], faults);
    }

    [Fact]
    public async Task CancelledCall_HasNoAnswer()
    {
        using var cancel = new CancellationTokenSource();
        var call = dispatcher.InvokeAsync("Echo.Wait", default, Peer, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public void MethodAddedTwice_IsABug() =>
        Assert.Throws<ArgumentException>(() => dispatcher.Add("ECHO.ALL", "", null, (_, _) => Task.FromResult<JsonNode?>(null)));

    private Task<RpcReply> TakeAsync(string frame) => dispatcher.TakeAsync(Encoding.UTF8.GetBytes(frame), Peer, default);
}
