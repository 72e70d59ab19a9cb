using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.Embedding.Tests;

/// <summary>An application with the packages hosts its device's agent, and is updated by itself.</summary>
public sealed class EmbeddedAgentTests(FreshProject fresh)
{
    [Fact]
    public async Task Application_IsUpdated_VetoesDelaysAndFallsBack()
    {
        await using var device = await StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        Assert.Contains("greenhouse 1.0.0, waters below 30 %, valve shut", await PageAsync(device), StringComparison.Ordinal);
        Assert.Equal(0, device.Agent);

        // Water runs: not now.
        await device.PostAsync("/valve/open", []);
        var next = await fresh.BundleAsync("1.1.0", """{"greenhouse": {"dry_below": 25}}""");
        Assert.Equal((503, "-75 not now: the valve is open; 1.1.0 has to wait\r\n"), await device.PushAsync(next, 60));
        await device.PostAsync("/valve/shut", []);
        Assert.Equal((200, "1 Update applied, rebooting\r\n"), await device.PushAsync(next, 60));
        await device.RunsAsync("1.1.0", trial: true);
        await Eventually.HoldsAsync("1.1.0 is ready", async () => (bool?)(await device.StatusAsync())?["ready"] == true);
        Assert.Null((await device.CallAsync("OTA.Commit")).Error);
        await device.RunsAsync("1.1.0", trial: false);

        // A setting is the application's configuration at once.
        Assert.Contains("waters below 25 %", await PageAsync(device), StringComparison.Ordinal);
        Assert.Null((await device.CallAsync("Config.Set", """{"config": {"greenhouse": {"dry_below": 40}}, "save": true}""")).Error);
        Assert.Contains("waters below 40 %", await PageAsync(device), StringComparison.Ordinal);

        // Works, but is not well: never ready, not to be committed, and given up.
        var ill = await fresh.BundleAsync("1.2.0", """{"greenhouse": {"sensor": "broken"}}""");
        Assert.Equal(200, (await device.PushAsync(ill, 60)).Code);
        JsonNode? error = null;
        await Eventually.HoldsAsync("1.2.0 answers that it is not well", async () => await AnswersAsync(device, "1.2.0")
            && (error = (await device.CallAsync("OTA.Commit")).Error) is not null);
        Assert.Equal(
            "the firmware is not well, so it is not committed: sensor: the soil sensor does not answer", (string?)error!["message"]);
        await device.FellBackToAsync("1.1.0", "not_ready");
        var status = (await device.CallAsync("OTA.Status", """{"output": "full"}""")).Result!;
        Assert.Contains("not ready: sensor: the soil sensor does not answer", (string?)status["last_output"], StringComparison.Ordinal);
        Assert.Contains("waters below 40 %", await PageAsync(device), StringComparison.Ordinal);
    }

    /// <summary>Its own health checks belong to the contract without being named there.</summary>
    [Fact]
    public async Task HealthContract_CommitsAWellApplication_AndGivesAnIllOneUp()
    {
        await using var device = await StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var ill = await fresh.BundleAsync("1.1.0", """{"greenhouse": {"sensor": "broken"}}""", """{"max_time": 8, "interval": 1, "probes": [{"alive": true}]}""");
        Assert.Equal(200, (await device.PushAsync(ill, 0)).Code);
        var status = await device.FellBackToAsync("1.0.0", "health_failed");
        Assert.Equal(
            "the health contract did not hold within 8 s: application: sensor: the soil sensor does not answer", (string?)status["reason"]!["text"]);

        var well = await fresh.BundleAsync("1.2.0", "{}", """{"min_time": 2, "max_time": 60, "interval": 1, "probes": [{"alive": true}]}""");
        Assert.Equal(200, (await device.PushAsync(well, 0)).Code);
        await device.RunsAsync("1.2.0", trial: false);
        Assert.Equal(
            ["alive", "application"],
            (await device.StatusAsync())!["health"]!["probes"]!.AsArray().Select(probe => (string?)probe!["name"]));
    }

    [Fact]
    public async Task BrokenImages_BringTheSeparateAgent_WhichTakesAnUpdate()
    {
        await using var device = await StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        await device.StopAsync();
        await File.AppendAllTextAsync(device.PathOf("slots/0/image"), "rot");
        device.Start();
        await device.AnswersAsync();
        Assert.Equal("recovery", (string?)(await device.StatusAsync())!["phase"]);
        Assert.Equal(200, (await device.PushAsync(await fresh.BundleAsync("1.1.0", "{}"), 60)).Code);
        await Eventually.HoldsAsync("1.1.0 runs", () => AnswersAsync(device, "1.1.0"));
        Assert.Equal(0, device.Agent);
    }

    [Fact]
    public async Task FirmwareWithoutTheAgent_IsNotKept()
    {
        await using var device = await StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        Assert.Equal(200, (await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), 0)).Code);
        await device.FellBackToAsync("1.0.0", "not_ready");
    }

    [Fact]
    public async Task WithoutADevice_TheApplicationRuns_AndSaysSo()
    {
        var port = DeviceUnderTest.FreePort();
        var start = new System.Diagnostics.ProcessStartInfo(fresh.App) { RedirectStandardOutput = true };
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        start.Environment.Remove("MEERKAT_ROOT");
        using var process = System.Diagnostics.Process.Start(start)!;
        try
        {
            _ = process.StandardOutput.ReadToEndAsync();
            CommandRun? answer = null;
            await Eventually.HoldsAsync("the application answers", async () =>
                (answer = await CommandRun.CurlAsync($"http://127.0.0.1:{port}/")).ExitCode == 0);
            Assert.Contains("greenhouse on a desk", answer!.Output, StringComparison.Ordinal);
            var update = await CommandRun.CurlAsync("-w", "%{http_code}", $"http://127.0.0.1:{port}/update/commit");
            Assert.Contains("no device", update.Output, StringComparison.Ordinal);
            Assert.EndsWith("503", update.Output, StringComparison.Ordinal);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task UserOfItsOwn_IsRefusedForAFirmwareThatHostsTheAgent()
    {
        Assert.SkipUnless(DeviceUnderTest.IsRoot, "only root can give a firmware another user");
        var bundle = Path.Combine(fresh.Folder, "small.zip");
        await File.WriteAllBytesAsync(bundle, TestFirmware.Good("1.0.0").Bundle());
        var made = await CommandRun.MeerkatAsync("device", "init", Path.Combine(fresh.Folder, "other"), bundle, "--embedded-agent");
        Assert.Equal(1, made.ExitCode);
        Assert.Contains("--user root", made.Error, StringComparison.Ordinal);
    }

    private async Task<DeviceUnderTest> StartAsync()
    {
        var device = await DeviceUnderTest.MakeAsync(
            await fresh.BundleAsync("1.0.0", "{}"),
            Repository.Program("meerkat"),
            Repository.Program("meerkat-boot"),
            null,
            ["--embedded-agent", .. DeviceUnderTest.IsRoot ? (string[])["--user", "root"] : []],
            ["boot.ready_timeout=15"]);
        return await device.StartedAsync();
    }

    private static async Task<string> PageAsync(DeviceUnderTest device) => (await device.GetAsync("/")).Text;

    private static async Task<bool> AnswersAsync(DeviceUnderTest device, string version)
    {
        try
        {
            return (await device.GetAsync("/")).Text.Contains("greenhouse " + version, StringComparison.Ordinal);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
