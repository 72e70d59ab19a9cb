using System.Globalization;
using System.Text.RegularExpressions;
using Meerkat.Core.Tests;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary><c>/metrics</c> of a real device, through an update, its trial and its fall back.</summary>
public sealed partial class MetricsTests
{
    [Fact]
    public async Task Update_IsSeenFromItsFirstByteToItsEnd()
    {
        await using var device = await DeviceUnderTest.StartAsync("device.id=a\"b\\c");
        await device.RunsAsync("1.0.0", trial: false);
        await Eventually.HoldsAsync("ready", async () => (await Exposition.ScrapeAsync(device))["meerkat_firmware_ready"] == 1);

        var before = await Exposition.ScrapeAsync(device);
        Assert.Contains(
            before.Series,
            name => name.StartsWith("meerkat_info{version=\"1.0.0\",build_id=\"build-1.0.0\",slot=\"0\",device=\"a\\\"b\\\\c\",agent_version=\"", StringComparison.Ordinal));
        Assert.Equal(1, before["meerkat_boot_loader_up"]);
        Assert.Equal(1, before["meerkat_committed"]);
        Assert.Equal(1, before["meerkat_mode{mode=\"committed\"}"]);
        Assert.Equal(1, before["meerkat_slot_state{slot=\"0\",state=\"committed\"}"]);
        Assert.Equal(1, before["meerkat_slot_state{slot=\"1\",state=\"empty\"}"]);
        Assert.Equal(0, before["meerkat_record_problem"]);
        Assert.Equal(1, before["meerkat_update_state{state=\"idle\"}"]);
        Assert.False(before.Has("meerkat_trial_deadline_seconds"));
        Assert.False(before.Has("meerkat_fallback_last"));
        Assert.True(before["meerkat_medium_free_bytes"] > 0);
        Assert.True(before["process_resident_memory_bytes"] > 1_000_000);

        var bundle = TestFirmware.Good("1.1.0") with { Files = new() { ["big"] = new string('x', 200_000) } };
        using (var upload = await SlowUpload.BeginAsync(device.Address, bundle.Bundle()))
        {
            await upload.SendAsync(150_000);
            await Eventually.HoldsAsync("150000 bytes are counted", async () =>
                (await Exposition.ScrapeAsync(device))["meerkat_update_received_bytes_total"] == 150_000);
            var during = await Exposition.ScrapeAsync(device);
            Assert.Equal(1, during["meerkat_update_state{state=\"writing\"}"]);
            Assert.InRange(during["meerkat_update_progress_ratio"], 0.5, 0.9);
            Assert.Equal(1, during["meerkat_slot_state{slot=\"1\",state=\"empty\"}"]);

            var (code, _) = await device.PushAsync(TestFirmware.Good("1.2.0").Bundle());
            Assert.Equal(409, code);
        }
        await Eventually.HoldsAsync("the broken upload is counted", async () =>
            (await Exposition.ScrapeAsync(device))["meerkat_updates_total{result=\"failed\"}"] == 1);
        var after = await Exposition.ScrapeAsync(device);
        Assert.Equal(1, after["meerkat_updates_total{result=\"refused\"}"]);
        Assert.Equal(0, after["meerkat_updates_total{result=\"installed\"}"]);
        Assert.Equal(1, after["meerkat_update_duration_seconds_count{result=\"failed\"}"]);
    }

    [Fact]
    public async Task TrialAndFallBack_AreSeen_AndThePageListsEverything()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 600);
        Assert.True(code == 200, text);
        await device.RunsAsync("1.1.0", trial: true);

        var trial = await Exposition.ScrapeAsync(device);
        Assert.InRange(trial["meerkat_trial_deadline_seconds"], 1, 600);
        Assert.Equal(0, trial["meerkat_committed"]);
        Assert.Equal(1, trial["meerkat_mode{mode=\"trial\"}"]);
        Assert.Equal(1, trial["meerkat_slot_state{slot=\"1\",state=\"trial\"}"]);
        Assert.Equal(1, trial["meerkat_update_state{state=\"trial\"}"]);

        Assert.Null((await device.CallAsync("OTA.Revert")).Error);
        var status = await device.FellBackToAsync("1.0.0", "reverted");
        Assert.Equal(-1, (int)(await device.CallAsync("OTA.End")).Error!["code"]!);
        using (var upload = await SlowUpload.BeginAsync(device.Address, TestFirmware.Good("1.2.0").Bundle()))
        {
            await upload.SendAsync(100);
            await Eventually.HoldsAsync("the upload has begun", async () =>
                (await Exposition.ScrapeAsync(device))["meerkat_update_received_bytes_total"] > 0);
        }
        await Eventually.HoldsAsync("the broken upload is counted", async () =>
            (await Exposition.ScrapeAsync(device))["meerkat_updates_total{result=\"failed\"}"] == 1);

        var after = await Exposition.ScrapeAsync(device);
        var at = DateTimeOffset.Parse((string)status["reason"]!["time"]!, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds() / 1000.0;
        Assert.Equal(at, after["meerkat_fallback_last_timestamp_seconds{reason=\"reverted\",slot=\"1\",version=\"1.1.0\"}"]);
        Assert.Equal(1, after["meerkat_slot_state{slot=\"1\",state=\"failed\"}"]);
        Assert.Equal(1, after["meerkat_rpc_calls_total{method=\"OTA.End\",outcome=\"refused\"}"]);
        Assert.True(after["meerkat_rpc_calls_total{method=\"OTA.Status\",outcome=\"ok\"}"] > 0);
        Assert.Equal(1, after["meerkat_rpc_duration_seconds_count{method=\"OTA.End\"}"]);

        var families = trial.Families.Concat(after.Families).DistinctBy(family => family.Key).OrderBy(family => family.Key, StringComparer.Ordinal);
        GeneratedDoc.Matches("docs/operating.md", "metrics", GeneratedDoc.Table(
            ["metric", "type", "labels", "meaning"],
            families.Select(family => (string[])[$"`{family.Key}`", family.Value.Type, string.Join(", ", family.Value.Labels), family.Value.Help])));
        var used = MetricInRules().Matches(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/operating.md"))).Select(name => name.Value);
        Assert.All(used, name => Assert.Contains(families, family => name == family.Key || name.StartsWith(family.Key + "_", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task MethodsNobodyHas_MakeNoSeries()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(404, (int)(await device.CallAsync($"No.Such{i}")).Error!["code"]!);
        }
        Assert.Null((await device.CallAsync("rpc.ping")).Error);

        var now = await Exposition.ScrapeAsync(device);

        Assert.Equal(1, now["meerkat_rpc_calls_total{method=\"RPC.Ping\",outcome=\"ok\"}"]);
        Assert.DoesNotContain(now.Series, name => name.Contains("No.Such", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ForeignPages_GetNothing()
    {
        await using var device = await DeviceUnderTest.StartAsync();

        Assert.Equal(403, (await device.GetAsync("/metrics", ("Origin", "http://evil.example"))).Code);
        Assert.Equal(403, (await device.GetAsync("/metrics", ("Sec-Fetch-Site", "cross-site"))).Code);
        Assert.Equal(403, (await device.GetAsync("/metrics", ("Host", "evil.example"))).Code);
        Assert.Equal(200, (await device.GetAsync("/metrics", ("User-Agent", "Prometheus/3.5.0"))).Code);
    }

    [Fact]
    public async Task SwitchedOff_ThereIsNone()
    {
        await using var device = await DeviceUnderTest.StartAsync("metrics.enable=false");

        Assert.Equal(404, (await device.GetAsync("/metrics")).Code);
        Assert.Equal(200, (await device.GetAsync("/healthz")).Code);
    }

    [GeneratedRegex(@"\bmeerkat_[a-z0-9_]+\b")]
    private static partial Regex MetricInRules();
}
