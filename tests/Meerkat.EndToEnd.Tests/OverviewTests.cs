using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>The update process as its overview describes it, with the commands as typed there.</summary>
public sealed class OverviewTests
{
    [Fact]
    public async Task PushByCurl_ThenCommitByCurl_Stays()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        Directory.CreateDirectory(Path.Combine(device.Folder, "build"));
        await File.WriteAllBytesAsync(
            Path.Combine(device.Folder, "build/fw.zip"), TestFirmware.Good("1.1.0").Bundle());

        var push = await CommandRun.RunInAsync(
            device.Folder, "curl", "-v", "-F", "file=@build/fw.zip", "-F", "commit_timeout=300", device.Url + "/update");
        Assert.Equal("1 Update applied, rebooting\r\n", push.Output);
        await device.RunsAsync("1.1.0", trial: true);

        var commit = await CommandRun.RunAsync("curl", device.Url + "/update/commit");
        Assert.Equal("Ok\r\n", commit.Output);
        await device.KillEverythingAsync();
        device.Start();
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Fact]
    public async Task CommitRightAfterThePush_BlessesNothing()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bundle = Path.Combine(device.Folder, "fw.zip");
        await File.WriteAllBytesAsync(bundle, TestFirmware.Good("1.1.0").Bundle());

        await CommandRun.CurlAsync("-F", "file=@" + bundle, "-F", "commit_timeout=300", device.Url + "/update");
        var commit = await CommandRun.CurlAsync(device.Url + "/update/commit");

        Assert.DoesNotContain("Ok", commit.Output, StringComparison.Ordinal);
        await device.RunsAsync("1.1.0", trial: true);
        Assert.False((bool)(await device.StatusAsync())!["is_committed"]!);
    }

    [Fact]
    public async Task PullByTheTool_ThenCommitByTheTool_Stays()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await File.WriteAllBytesAsync(Path.Combine(device.Folder, "fw.zip"), TestFirmware.Good("1.1.0").Bundle());
        await using var site = await FolderSite.StartAsync(device.Folder);

        var update = await CommandRun.MeerkatAsync(
            "call", "OTA.Update",
            $$"""{"section": "firmware", "commit_timeout": 300, "blob_url": "{{site.Url}}/fw.zip"}""",
            "--port", device.Url + "/rpc");
        Assert.True(update.ExitCode == 0, update.Error);
        await device.RunsAsync("1.1.0", trial: true);

        var commit = await CommandRun.MeerkatAsync("call", "OTA.Commit", "--port", device.Url + "/rpc");
        Assert.True(commit.ExitCode == 0, commit.Error);
        Assert.Equal("null\n", commit.Output);
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Fact]
    public async Task PullByHttp_AnswersWhenTheDownloadEnded()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await File.WriteAllBytesAsync(Path.Combine(device.Folder, "fw.zip"), TestFirmware.Good("1.1.0").Bundle());
        await using var site = await FolderSite.StartAsync(device.Folder);

        var (code, text) = await device.GetAsync($"/update?url={Uri.EscapeDataString(site.Url + "/fw.zip")}&commit_timeout=60");

        Assert.Equal(200, code);
        Assert.Equal("(1) Update applied, rebooting\r\n", text);
        await device.RunsAsync("1.1.0", trial: true);
    }

    [Fact]
    public async Task NoCommit_IsBackOnTheOldVersion_ThoughTheNewOneWorks()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 3);
        await device.RunsAsync("1.1.0", trial: true);

        var status = await device.FellBackToAsync("1.0.0", "no_commit");

        Assert.Equal("no commit within 3 s", (string?)status["reason"]!["text"]);
        Assert.Equal("1.1.0", (string?)status["reason"]!["version"]);
        Assert.Equal(["1.0.0 0 0", "1.1.0 1 1", "1.0.0 0 0"], device.Starts());
    }

    [Fact]
    public async Task Files_OldOnesSurvive_NewOnesOverwrite_SettingsStayInForce()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        Assert.Null((await device.CallAsync(
            "Config.Set", """{"config": {"app": {"target": 23.5}}, "save": true}""")).Error);
        Assert.Null((await device.CallAsync("FS.Put", """{"filename": "diary.txt", "data": "ZGVhciBkaWFyeQ=="}""")).Error);
        Assert.Null((await device.CallAsync("FS.Put", """{"filename": "version.txt", "data": "bXkgb3du"}""")).Error);

        await device.UpdateAsync(TestFirmware.Good("1.1.0"));

        string File1(string name) => File.ReadAllText(device.PathOf("slots/1/fs/" + name));
        Assert.Equal("dear diary", File1("diary.txt"));
        Assert.Equal("shipped", File1("only-in-1.0.0.txt"));
        Assert.Equal("1.1.0", File1("version.txt"));
        Assert.Equal(23.5, (double)JsonNode.Parse(File1("conf.json"))!["app"]!["target"]!);
        // What the firmware itself was given at its first start.
        var given = JsonNode.Parse(await File.ReadAllTextAsync(device.PathOf("data/config-1.1.0.json")))!;
        Assert.Equal(23.5, (double)given["app"]!["target"]!);
        Assert.Equal("shipped", (string?)given["app"]!["name"]);
    }

    [Theory]
    [InlineData("file", true)]
    [InlineData("file", false)]
    [InlineData("filedata", false)]
    [InlineData("whatever", true)]
    public async Task CommitTimeout_MayComeBeforeOrAfterTheFile_UnderAnyName(string field, bool timeoutFirst)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bundle = Path.Combine(device.Folder, "fw.zip");
        await File.WriteAllBytesAsync(bundle, TestFirmware.Good("1.1.0").Bundle());
        string[] file = ["-F", $"{field}=@{bundle}"];
        string[] timeout = ["-F", "commit_timeout=77"];

        var push = await CommandRun.CurlAsync([.. timeoutFirst ? timeout : file, .. timeoutFirst ? file : timeout, device.Url + "/update"]);

        Assert.Equal("1 Update applied, rebooting\r\n", push.Output);
        await device.RunsAsync("1.1.0", trial: true);
        Assert.Equal(77, (int)(await device.StatusAsync())!["commit_timeout"]!);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(1)]
    [InlineData(20_000)]
    public async Task PiecesByRpc_OfAnySize_WithRepeats_Install(int pieceBytes)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bundle = (pieceBytes == 1 ? Tiny() : TestFirmware.Good("1.1.0")).Bundle();
        Assert.Null((await device.CallAsync("OTA.Begin", $$"""{"timeout":600,"commit_timeout":300,"size":{{bundle.Length}}}""")).Error);
        for (var offset = 0; offset < bundle.Length; offset += pieceBytes)
        {
            var piece = Convert.ToBase64String(bundle, offset, Math.Min(pieceBytes, bundle.Length - offset));
            var call = $$"""{"offset":{{offset}},"data":"{{piece}}"}""";
            Assert.Null((await device.CallAsync("OTA.Write", call)).Error);
            if (offset % (7 * pieceBytes) == 0)
            {
                Assert.Null((await device.CallAsync("OTA.Write", call)).Error);
            }
        }
        Assert.Null((await device.CallAsync("OTA.End")).Error);
        await device.RunsAsync("1.1.0", trial: true);
    }

    private static TestFirmware Tiny() => new("1.1.0", TestFirmware.Stay);
}
