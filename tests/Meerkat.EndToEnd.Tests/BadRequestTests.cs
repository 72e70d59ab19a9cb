using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>Requests that are wrong, or come at the wrong moment.</summary>
public sealed class BadRequestTests
{
    [Fact]
    public async Task WrongMoments_AreRefusedWithAReason()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        Assert.Equal(400, (await device.GetAsync("/update/commit")).Code);
        Assert.Equal(400, (await device.GetAsync("/update/revert")).Code);
        Assert.Equal(-1, (int)(await device.CallAsync("OTA.Commit")).Error!["code"]!);
        Assert.Equal(-1, (int)(await device.CallAsync("OTA.Revert")).Error!["code"]!);
        Assert.NotNull((await device.CallAsync("OTA.End")).Error);
        Assert.NotNull((await device.CallAsync("OTA.Write", """{"offset":0,"data":"AAAA"}""")).Error);

        await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 60);
        await device.RunsAsync("1.1.0", trial: true);
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.2.0").Bundle());
        Assert.Equal(409, code);
        Assert.Contains("has not been committed", text, StringComparison.Ordinal);
        Assert.NotNull((await device.CallAsync("OTA.Begin")).Error);
    }

    [Fact]
    public async Task TwoUpdatesAtOnce_TheSecondIsRefused_TheFirstSucceeds()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bundle = TestFirmware.Good("1.1.0").Bundle();
        Assert.Null((await device.CallAsync("OTA.Begin", """{"commit_timeout":60}""")).Error);
        Assert.Null((await Write(device, bundle, 0, 600)).Error);

        var (code, text) = await device.PushAsync(bundle);
        Assert.Equal(409, code);
        Assert.Contains("another update is in progress", text, StringComparison.Ordinal);
        Assert.Equal(409, (await device.GetAsync("/update?url=http://127.0.0.1:1/x.zip")).Code);

        Assert.Null((await Write(device, bundle, 600, bundle.Length - 600)).Error);
        Assert.Null((await device.CallAsync("OTA.End")).Error);
        await device.RunsAsync("1.1.0", trial: true);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("604801")]
    [InlineData("1.5")]
    [InlineData("")]
    public async Task CommitTimeoutThatIsNone_ChangesNothing(string timeout)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bundle = Path.Combine(device.Folder, "fw.zip");
        await File.WriteAllBytesAsync(bundle, TestFirmware.Good("1.1.0").Bundle());
        var push = await CommandRun.CurlAsync(
            "-w", "%{http_code}", "-F", "file=@" + bundle, "-F", "commit_timeout=" + timeout, device.Url + "/update");
        Assert.EndsWith("400", push.Output, StringComparison.Ordinal);
        Assert.Contains("commit_timeout", push.Output, StringComparison.Ordinal);
        await device.RunsAsync("1.0.0", trial: false);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task AByteASecond_EndsAtTheUpdateTimeout_AndFreesTheSlot()
    {
        await using var device = await DeviceUnderTest.StartAsync("update.timeout=2");
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", int.Parse(device.Address.Split(':')[1]));
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            "POST /update HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: 100000\r\n\r\n"
            + "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\n\r\nPK\u0003\u0004"));
        var answer = new StreamReader(stream).ReadLineAsync();
        await Eventually.HoldsAsync("the device has had enough", async () =>
        {
            try
            {
                await stream.WriteAsync(new byte[] { 1 });
            }
            catch (IOException)
            {
                // It has closed the connection, after its answer.
            }
            return answer.IsCompleted;
        });
        Assert.StartsWith("HTTP/1.1 500", await answer, StringComparison.Ordinal);
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
    }

    [Fact]
    public async Task ClientThatGoesAway_OrLiesAboutTheLength_FreesTheSlot()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        foreach (var length in (int[])[10, 5000, 1_000_000])
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", int.Parse(device.Address.Split(':')[1]));
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /update HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: {length}\r\n\r\n"
                + "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\n\r\nPK\u0003\u0004"));
        }
        await Eventually.HoldsAsync("no update runs", async () => (int?)(await device.StatusAsync())?["state"] is 0 or 2);
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
    }

    [Fact]
    public async Task FramesThatAreNone_AreRefused_AndTheAgentGoesOn()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var agent = device.Agent;
        (string Frame, int Code, string Words)[] frames =
        [
            ("garbage", 400, "Invalid request"),
            ("[]", 400, "Invalid request"),
            ("{\"id\":1}", 400, "Invalid request"),
            (new string('[', 40_000), 400, "Invalid request"),
            ("""{"id":1,"method":"RPC.Ping","x":""" + "\"" + new string('a', 200_000) + "\"}", 400, "longer"),
            ("""{"id":1,"method":"No.Such"}""", 200, "No handler for No.Such"),
            ("""{"id":1,"method":"OTA.Update","params":{"url":7}}""", 200, "url"),
            ("""{"id":1,"method":"OTA.Update","params":{}}""", 200, "url"),
            ("""{"id":1,"method":"OTA.Begin","params":{"commit_timeout":"never"}}""", 200, "commit_timeout"),
            ("""{"id":1,"method":"OTA.Write","params":{"offset":0,"data":"!!"}}""", 200, "error"),
            ("""{"id":1,"method":"FS.Get","params":{"filename":"../seal"}}""", 200, "illegal path"),
            ("""{"id":1,"method":"Config.Set","params":{"config":{"update":{"timeout":"soon"}}}}""", 200, "is not a number"),
            ("""{"id":1,"method":"Config.Get","params":{"key":"no.such"}}""", 200, "invalid config key"),
        ];
        foreach (var (frame, expected, words) in frames)
        {
            var (code, text) = await device.PostAsync("/rpc", Encoding.UTF8.GetBytes(frame));
            Assert.True(code == expected && text.Contains(words, StringComparison.Ordinal), $"{frame[..Math.Min(60, frame.Length)]}: {code} {text}");
        }
        Assert.Equal(agent, device.Agent);
        Assert.Null((await device.CallAsync("RPC.Ping")).Error);
    }

    [Fact]
    public async Task AWebPageOfAnotherSite_GetsNothing()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        (string, string)[] foreign =
        [
            ("Origin", "http://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"), ("Host", "evil.example"), ("Referer", "http://evil.example/"), ("Accept-Language", "en"),
        ];
        foreach (var header in foreign)
        {
            foreach (var path in (string[])["/update/commit", "/rpc/OTA.Status", "/update?url=http://x/"])
            {
                Assert.Equal(403, (await device.GetAsync(path, header)).Code);
            }
        }
        (string, string)[] own = [("Origin", device.Url), ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "none")];
        foreach (var header in own)
        {
            Assert.Equal(200, (await device.GetAsync("/rpc/OTA.Status", header)).Code);
        }
    }

    [Fact]
    public async Task FileSystem_IsConfinedToTheSlot()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        File.CreateSymbolicLink(device.PathOf("slots/0/fs/way-out"), "/etc");
        foreach (var name in (string[])["../seal", "/../../board.json", "way-out/passwd", "a/../../seal", "way-out"])
        {
            var named = new JsonObject { ["filename"] = name }.ToJsonString();
            Assert.NotNull((await device.CallAsync("FS.Get", named)).Error);
            var put = new JsonObject { ["filename"] = name, ["data"] = "AAAA" }.ToJsonString();
            Assert.NotNull((await device.CallAsync("FS.Put", put)).Error);
        }
        Assert.Null((await device.CallAsync("FS.Put", """{"filename":"/note.txt","data":"aGVsbG8="}""")).Error);
        var got = (await device.CallAsync("FS.Get", """{"filename":"note.txt"}""")).Result!;
        Assert.Equal(("aGVsbG8=", 0), ((string)got["data"]!, (int)got["left"]!));
        var listed = (await device.CallAsync("FS.ListExt")).Result!.AsArray();
        Assert.Contains(listed, entry => (string?)entry!["name"] == "note.txt" && (int)entry["size"]! == 5);
        Assert.Null((await device.CallAsync("FS.Rename", """{"src":"note.txt","dst":"old.txt"}""")).Error);
        Assert.Null((await device.CallAsync("FS.Remove", """{"filename":"old.txt"}""")).Error);
        Assert.NotNull((await device.CallAsync("FS.Remove", """{"filename":"old.txt"}""")).Error);
    }

    private static Task<(JsonNode? Result, JsonNode? Error)> Write(DeviceUnderTest device, byte[] bundle, int offset, int count) =>
        device.CallAsync("OTA.Write", $$"""{"offset":{{offset}},"data":"{{Convert.ToBase64String(bundle, offset, count)}}"}""");
}
