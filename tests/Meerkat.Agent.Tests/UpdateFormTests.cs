using System.Globalization;
using System.Text;
using Meerkat.Agent.Tests.Harness;

namespace Meerkat.Agent.Tests;

public sealed class UpdateFormTests(RunningDevice device) : IClassFixture<RunningDevice>
{
    private const string File = "--x\r\nContent-Disposition: form-data; name=\"any\"; filename=\"fw.zip\"\r\n\r\nPK\x3\x4\r\n";
    private const string End = "--x--\r\n";

    public static TheoryData<string, string, int, string> Bad => new()
    {
        { "multipart/form-data; boundary=x", Field("a", "b") + End, 400, "the form has no file" },
        { "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\nPK\r\n" + End, 400, "the form has no file" },
        { "multipart/form-data; boundary=x", End, 400, "the form has no file" },
        { "multipart/form-data; boundary=x", "no form at all", 400, "-1 the body is no whole form" },
        { "multipart/form-data; boundary=x", "", 400, "-1 the body is no whole form" },
        { "multipart/form-data; boundary=x", File, 400, "-1 the body is no whole form" },
        { "multipart/form-data", File + End, 400, "the form's Content-Type names no usable boundary" },
        { "multipart/form-data; boundary=x", Field("commit_timeout", "abc") + File + End, 400, "commit_timeout must be" },
        { "multipart/form-data; boundary=x", File + Field("commit_timeout", "604801") + End, 400, "commit_timeout must be" },
        { "multipart/form-data; boundary=x", File + Field("commit_timeout", "-1") + End, 400, "commit_timeout must be" },
        { "multipart/form-data; boundary=x", Field("commit_timeout", "1.5") + File + End, 400, "commit_timeout must be" },
        { "multipart/form-data; boundary=x", File.Replace("PK\x3\x4", "hello") + End, 500, "-1 " },
        { "multipart/form-data; boundary=x", File + End, 500, "-1 " },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task BadForm_IsAnsweredWithAReason_AndNothingIsArmed(string type, string body, int status, string text)
    {
        var answer = await device.SendAsync("POST", "/update", body, ("Content-Type", type));

        Assert.Equal(status, answer.Status);
        Assert.StartsWith(text, answer.Body);
        await NothingRunsAsync();
    }

    [Fact]
    public async Task SenderThatGoesAway_FreesTheDevice()
    {
        using (await device.ConnectAsync(Head(100000) + File))
        {
            await EventuallyAsync(async () => (await StateAsync()).State == 1);
            Assert.Equal((409, "-1 another update is in progress\r\n"), await PostAsync(File + End));
            Assert.Equal((409, "Another update is in progress.\r\n"), await device.SendAsync("GET", "/update?url=http://127.0.0.1:1/x"));
        }

        await EventuallyAsync(async () => (await StateAsync()).State != 1);
        Assert.Equal(500, (await PostAsync(File + End)).Status);
    }

    [Fact]
    public async Task BodyShorterThanItsLength_IsAnError()
    {
        using (var client = await device.ConnectAsync(Head(100000) + File))
        {
            await EventuallyAsync(async () => (await StateAsync()).State == 1);
            client.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        }

        await EventuallyAsync(async () => (await StateAsync()).State != 1);
        Assert.Equal("Update aborted", (await StateAsync()).Message);
    }

    [Fact]
    public async Task RefusedSenderOfALongBody_GetsItsAnswer()
    {
        var answer = await PostAsync(Field("commit_timeout", "abc") + File + new string('z', 8 << 20) + "\r\n" + End);

        Assert.Equal(400, answer.Status);
    }

    [Fact]
    public async Task SenderThatAsksFirst_IsToldToGoOn()
    {
        using var client = await device.ConnectAsync(Asking(File.Length + End.Length));
        using var reader = new StreamReader(client.GetStream());
        var first = await reader.ReadLineAsync(TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(File + End), TestContext.Current.CancellationToken);

        Assert.Equal("HTTP/1.1 100 Continue", first);
        Assert.Contains("HTTP/1.1 500", await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task SenderThatAsksFirst_IsRefusedBeforeItSends()
    {
        await SetPostsAsync("false");
        using var client = await device.ConnectAsync(Asking(100000));
        using var reader = new StreamReader(client.GetStream());
        var first = await reader.ReadLineAsync(TestContext.Current.CancellationToken);
        await SetPostsAsync("true");

        Assert.Equal("HTTP/1.1 400 Bad Request", first);
    }

    [Fact]
    public async Task PostsDisabled_IsSaidInTheWordsOfTheOriginal()
    {
        await SetPostsAsync("false");
        var answer = await PostAsync(File + End);
        await SetPostsAsync("true");

        Assert.Equal((400, "POST updates are disabled."), answer);
    }

    [Fact]
    public async Task SenderOfSingleBytes_IsEndedByTheTimeout()
    {
        await device.CallAsync("Config.Set", """{"key":"update.timeout","value":1}""");
        using var client = await device.ConnectAsync(Head(100000) + File[..^2]);
        using var reader = new StreamReader(client.GetStream());
        var answer = reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            for (var sent = 0; sent < 1000 && !answer.IsCompleted; sent++)
            {
                await client.GetStream().WriteAsync("z"u8.ToArray(), TestContext.Current.CancellationToken);
                await Task.WhenAny(answer, Task.Delay(100, TestContext.Current.CancellationToken));
            }
        }
        catch (IOException)
        {
            // The device has closed the connection: what is expected.
        }
        await device.CallAsync("Config.Set", """{"key":"update.timeout","value":600}""");

        Assert.Contains("-1 Update timed out", await answer);
        await NothingRunsAsync();
    }

    [Theory]
    [InlineData("GET", "/update", null, 400, "Update URL not specified and none is configured.\r\n")]
    [InlineData("GET", "/update?url=ftp://x/y", null, 400, "url must begin with")]
    [InlineData("GET", "/update?url=http://127.0.0.1:1/x&commit_timeout=x", null, 400, "commit_timeout must be")]
    [InlineData("GET", "/update?url=http://127.0.0.1:1/x", null, 500, "(-10) Failed to connect")]
    [InlineData("POST", "/update", "url=http%3A%2F%2F127.0.0.1%3A1%2Fx", 500, "(-10) Failed to connect")]
    [InlineData("GET", "/update/commit", null, 400, "Error: already committed")]
    [InlineData("POST", "/update/revert", null, 400, "Error: already committed")]
    public async Task WithoutAForm_TheDeviceFetches(string verb, string path, string? body, int status, string text)
    {
        var answer = await device.SendAsync(verb, path, body, body is null ? [] : [("Content-Type", "application/x-www-form-urlencoded")]);

        Assert.Equal(status, answer.Status);
        Assert.StartsWith(text, answer.Body);
    }

    private static string Field(string name, string value) =>
        $"--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n";

    private static string Head(int length, string more = "") =>
        $"POST /update HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {length.ToString(CultureInfo.InvariantCulture)}\r\n{more}\r\n";

    private static string Asking(int length) => Head(length, "Expect: 100-continue\r\nConnection: close\r\n");

    private Task<(int Status, string Body)> PostAsync(string body) =>
        device.SendAsync("POST", "/update", body, ("Content-Type", "multipart/form-data; boundary=x"));

    private Task SetPostsAsync(string value) =>
        device.CallAsync("Config.Set", "{\"key\":\"update.enable_post\",\"value\":" + value + "}");

    private async Task<(int State, string Message)> StateAsync()
    {
        var result = (await device.CallAsync("OTA.Status"))["result"]!;
        return ((int)result["state"]!, (string)result["message"]!);
    }

    private async Task NothingRunsAsync()
    {
        var status = (await device.CallAsync("OTA.Status"))["result"]!;
        Assert.NotEqual(1, (int)status["state"]!);
        Assert.True((bool)status["is_committed"]!);
        Assert.Equal("idle", (string?)status["phase"]);
        Assert.Equal("empty", (string?)status["slots"]![1]!["state"]);
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var looks = 0; !await condition(); looks++)
        {
            Assert.True(looks < 1000, "the device never came into the expected state");
            await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
