using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Agent.Tests.Harness;

namespace Meerkat.Agent.Tests;

public sealed class ServiceTests(RunningDevice device) : IClassFixture<RunningDevice>
{
    [Fact]
    public async Task Status_HasTheSixMembersOfTheOriginalFirstAndThenOurs()
    {
        var status = (await device.CallAsync("OTA.Status"))["result"]!.AsObject();

        string[] members =
        [
            "state", "message", "is_committed", "progress_percent", "commit_timeout", "partition", "version", "build_id", "running_slot",
            "active_slot", "fallback_slot", "held_slot", "activates_itself", "phase", "signatures", "ready", "deadline_left", "health", "reason",
            "last_output", "record_problem", "poll", "slots",
        ];
        Assert.Equal(members, status.Select(member => member.Key));
        Assert.Equal("1.0.0", (string?)status["version"]);
        Assert.Equal(0, (int?)status["running_slot"]);
        Assert.Equal(-1, (int?)status["fallback_slot"]);
        Assert.Null(status["reason"]);
    }

    [Fact]
    public async Task BootState_NamesNoSlotToGoBackTo() => Assert.Equal(
        """{"active_slot":0,"is_committed":true,"revert_slot":-1,"commit_timeout":0,"held_slot":-1,"reason":null}""",
        (await device.CallAsync("OTA.GetBootState"))["result"]!.ToJsonString());

    [Fact]
    public async Task Info_IsTheManifests()
    {
        var info = (await device.CallAsync("Sys.GetInfo"))["result"]!;

        Assert.Equal(
            ("dev1", "demo", "1.0.0", "b1", "linux-x64"),
            ((string?)info["id"], (string?)info["app"], (string?)info["fw_version"], (string?)info["fw_id"], (string?)info["arch"]));
        Assert.InRange((long)info["fs_free"]!, 1, (long)info["fs_size"]!);
        Assert.InRange((long)info["ram_free"]!, 1, (long)info["ram_size"]!);
    }

    [Theory]
    [InlineData("OTA.Update", "{}", 400, "url is required")]
    [InlineData("OTA.Update", """{"url":"file:///etc/passwd"}""", 400, "url must begin with http:// or https://")]
    [InlineData("OTA.Update", """{"section":"bootloader","blob_url":"http://x/"}""", 400, "section must be \"firmware\"")]
    [InlineData("OTA.Update", """{"url":"http://x/","commit_timeout":"1e9"}""", 400, "commit_timeout must be a whole number from 0 to 604800")]
    [InlineData("OTA.Update", """{"section":"firmware","blob_url":"http://127.0.0.1:1/","commit_timeout":"300"}""", -10, "-10 Failed to connect")]
    [InlineData("OTA.Begin", """{"size":0}""", 400, "size must be")]
    [InlineData("OTA.Begin", """{"commit_timeout":-1}""", 400, "commit_timeout must be")]
    [InlineData("OTA.Write", """{"offset":0,"data":"UEs="}""", -1, "no update was begun")]
    [InlineData("OTA.Write", """{"data":"UEs="}""", 400, "offset is required")]
    [InlineData("OTA.Write", """{"offset":0,"data":"?"}""", 400, "data must be base64")]
    [InlineData("OTA.End", "{}", -1, "no update was begun")]
    [InlineData("OTA.Revert", "{}", -1, "already committed; there is nothing to revert")]
    [InlineData("OTA.Status", """{"output":"much"}""", 400, "output must be \"full\"")]
    [InlineData("Sys.Reboot", """{"delay_ms":-1}""", 400, "invalid delay value")]
    [InlineData("Config.Get", """{"key":"no.such"}""", 404, "invalid config key")]
    [InlineData("Config.Set", "{}", 400, "value is required")]
    [InlineData("Config.Set", """{"config":{"a":1},"level":0}""", 400, "not allowed")]
    [InlineData("Config.Set", """{"config":{"a":1},"level":-1}""", 400, "level must be a whole number from 0")]
    [InlineData("Config.Set", """{"config":{"update":{"timeout":"x"}},"level":3}""", 400, "invalid config value: [update.timeout] is not a number")]
    [InlineData("Config.Set", """{"key":"update.timeout","value":null}""", 400, "invalid config value: [update.timeout] is not a number")]
    [InlineData("Config.Set", """{"key":"update..timeout","value":1}""", 404, "invalid config key")]
    [InlineData("Config.Schema", """{"key":"no.such"}""", 404, "invalid config key")]
    [InlineData("Config.Set", """{"config":5}""", 400, "config must be an object")]
    [InlineData("Config.Set", """{"key":"device.id","value":"x"}""", 400, "invalid config value: [device.id] is set in board.json")]
    [InlineData("Config.Set", """{"key":"http.listen_addr","value":"everywhere"}""", 400, "invalid config value: http.listen_addr")]
    [InlineData("FS.Get", "{}", 400, "filename is required")]
    [InlineData("FS.Get", """{"filename":"none"}""", 400, "failed to open file \"none\"")]
    [InlineData("FS.Get", """{"filename":"conf0.json","offset":-1}""", 400, "illegal offset")]
    [InlineData("FS.Get", """{"filename":"../manifest.json"}""", 400, "illegal path")]
    [InlineData("FS.Put", """{"filename":"a/../../../boot/record.0","data":""}""", 400, "illegal path")]
    [InlineData("FS.Put", """{"filename":"none","offset":5,"data":""}""", 500, "cannot open")]
    [InlineData("FS.Put", """{"filename":"conf0.json","offset":5000,"data":""}""", 400, "failed to seek to 5000")]
    [InlineData("FS.Remove", """{"filename":"none"}""", 500, "remove failed")]
    [InlineData("FS.Remove", """{"filename":"/"}""", 400, "remove failed")]
    [InlineData("FS.Rename", """{"src":"conf0.json"}""", 400, "src and dst are required")]
    [InlineData("FS.Rename", """{"src":"none","dst":"b"}""", 500, "rename failed")]
    public async Task WrongCall_IsRefusedWithAReason(string method, string arguments, int code, string message)
    {
        var error = (await device.CallAsync(method, arguments))["error"]!;

        Assert.Equal(code, (int)error["code"]!);
        Assert.StartsWith(message, (string?)error["message"]);
    }

    [Fact]
    public async Task Pieces_RepeatedAndOverlapping_AreCountedOnce()
    {
        await device.CallAsync("OTA.Begin", """{"timeout":600,"commit_timeout":300,"size":20}""");
        Assert.Null((await WriteAsync(0, "PK\x3\x4"))["error"]);
        Assert.Null((await WriteAsync(0, "PK\x3\x4"))["error"]);
        Assert.Null((await WriteAsync(2, "\x3\x4\x14\x0"))["error"]);
        var busy = (await device.CallAsync("OTA.Begin"))["error"]!;
        var gap = (await WriteAsync(9, "x"))["error"]!;
        var percent = (int)(await device.CallAsync("OTA.Status"))["result"]!["progress_percent"]!;
        var end = (await device.CallAsync("OTA.End"))["error"]!;

        Assert.Equal("another update is in progress", (string?)busy["message"]);
        Assert.StartsWith("expected the piece at offset 6, found offset 9", (string?)gap["message"]);
        Assert.Equal(30, percent);
        Assert.Equal("-1 Update aborted: 6 of 20 bytes received, 14 missing", (string?)end["message"]);
        Assert.Equal(2, (int)(await device.CallAsync("OTA.Status"))["result"]!["state"]!);
    }

    [Fact]
    public async Task PiecesThatAreNoBundle_FailEachTimeUntilTheEnd()
    {
        await device.CallAsync("OTA.Begin");
        var first = (await WriteAsync(0, "this is no bundle"))["error"]!;
        var repeated = (await WriteAsync(0, "this is no bundle"))["error"]!;
        var end = (await device.CallAsync("OTA.End"))["error"]!;

        Assert.StartsWith("-1 ", (string?)first["message"]);
        Assert.True(JsonNode.DeepEquals(first, repeated));
        Assert.True(JsonNode.DeepEquals(first, end));
    }

    [Fact]
    public async Task SessionLeftAlone_EndsByItsTimeout()
    {
        await device.CallAsync("OTA.Begin", """{"timeout":1}""");
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        JsonNode status;
        var looks = 0;
        do
        {
            await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            status = (await device.CallAsync("OTA.Status"))["result"]!;
        }
        while ((int)status["state"]! == 1 && looks++ < 600);

        Assert.StartsWith("Update timed out", (string?)status["message"]);
        // Whoever comes back hears it once.
        Assert.StartsWith("-1 Update timed out", (string?)(await device.CallAsync("OTA.End"))["error"]!["message"]);
    }

    [Fact]
    public async Task Files_AreWrittenReadAndListed()
    {
        Assert.Null((await PutAsync("/a.txt", "hello", ""))["error"]);
        Assert.Null((await PutAsync("a.txt", " you", ",\"append\":true"))["error"]);
        Assert.Null((await PutAsync("a.txt", "J", ",\"offset\":0"))["error"]);
        Assert.Equal("J", await File.ReadAllTextAsync(device.InSlot("a.txt"), TestContext.Current.CancellationToken));
        Assert.Null((await PutAsync("a.txt", "ello", ",\"offset\":1"))["error"]);

        var part = (await device.CallAsync("FS.Get", """{"filename":"a.txt","offset":1,"len":2}"""))["result"]!;
        Assert.Equal("el", Encoding.UTF8.GetString(Convert.FromBase64String((string)part["data"]!)));
        Assert.Equal(2, (int)part["left"]!);
        var past = (await device.CallAsync("FS.Get", """{"filename":"a.txt","offset":99}"""))["result"]!;
        Assert.Equal("""{"data":"","left":0}""", past.ToJsonString());

        Assert.Null((await device.CallAsync("FS.Rename", """{"src":"a.txt","dst":"/b.txt"}"""))["error"]);
        var list = (await device.CallAsync("FS.ListExt"))["result"]!.AsArray();
        Assert.Contains(list, entry => (string?)entry!["name"] == "b.txt" && (long)entry["size"]! == 5);
        Assert.Null((await device.CallAsync("FS.Remove", """{"filename":"b.txt"}"""))["error"]);
        Assert.False(File.Exists(device.InSlot("b.txt")));
    }

    [Fact]
    public async Task Links_AreNotFollowed_AndCanBeRemoved()
    {
        var secret = Path.Combine(device.Root, "secret");
        await File.WriteAllTextAsync(secret, "secret", TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(device.InSlot("link"), secret);
        Directory.CreateSymbolicLink(device.InSlot("up"), device.Root);

        Assert.Contains("symbolic link", (string?)(await device.CallAsync("FS.Get", """{"filename":"link"}"""))["error"]!["message"]);
        Assert.Contains("symbolic link", (string?)(await device.CallAsync("FS.Get", """{"filename":"up/secret"}"""))["error"]!["message"]);
        Assert.Contains("symbolic link", (string?)(await PutAsync("link", "x", ""))["error"]!["message"]);
        Assert.Contains("symbolic link", (string?)(await device.CallAsync("FS.List", """{"path":"up"}"""))["error"]!["message"]);
        Assert.Null((await device.CallAsync("FS.Remove", """{"filename":"link"}"""))["error"]);
        Assert.Null((await device.CallAsync("FS.Remove", """{"filename":"up"}"""))["error"]);
        Assert.Equal("secret", await File.ReadAllTextAsync(secret, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task SavedSetting_IsTheUsersDifference_AndPublished()
    {
        var answer = await device.CallAsync("Config.Set", """{"config":{"app":{"size":2}},"save":true}""");
        var unsaved = await device.CallAsync("Config.Set", """{"config":{"app":{"size":2}}}""");

        Assert.Equal("""{"saved":true}""", answer["result"]!.ToJsonString());
        Assert.Equal("""{"saved":false}""", unsaved["result"]!.ToJsonString());
        var saved = JsonNode.Parse(await File.ReadAllTextAsync(device.InSlot("conf.json"), TestContext.Current.CancellationToken))!;
        Assert.Equal("""{"app":{"size":2}}""", saved.ToJsonString());
        var published = Path.Combine(device.Root, "run/config.json");
        Assert.Equal(2, (int)JsonNode.Parse(await File.ReadAllTextAsync(published, TestContext.Current.CancellationToken))!["app"]!["size"]!);
    }

    private Task<JsonObject> WriteAsync(int offset, string piece) => device.CallAsync(
        "OTA.Write", new JsonObject { ["offset"] = offset, ["data"] = Convert.ToBase64String(Encoding.Latin1.GetBytes(piece)) }.ToJsonString());

    private Task<JsonObject> PutAsync(string name, string content, string more) => device.CallAsync(
        "FS.Put", $"{{\"filename\":\"{name}\",\"data\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(content))}\"{more}}}");
}
