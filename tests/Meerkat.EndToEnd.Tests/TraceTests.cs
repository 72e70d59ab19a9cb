using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>Spans as a collector gets them from a real device.</summary>
public sealed class TraceTests
{
    private const string Caller = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string CallersSpan = "00f067aa0ba902b7";

    [Fact]
    public async Task Update_IsOneTrace_BelowItsSenders()
    {
        using var collector = new TraceCollector();
        await using var device = await DeviceUnderTest.StartAsync("telemetry.otlp_endpoint=" + collector.Url, "device.id=dev7", "boot.stop_timeout=30");
        await device.RunsAsync("1.0.0", trial: false);

        var bundle = Path.Combine(device.Folder, "fw.zip");
        await File.WriteAllBytesAsync(bundle, TestFirmware.Good("1.1.0").Bundle());
        var pushed = await CommandRun.CurlAsync(
            "-H", $"traceparent: 00-{Caller}-{CallersSpan}-01", "-F", $"file=@{bundle}", "-F", "commit_timeout=600", device.Url + "/update");
        Assert.Equal("1 Update applied, rebooting\r\n", pushed.Output);

        var request = await collector.GetsAsync("POST /update");
        Assert.Equal((Caller, CallersSpan, "200", false), (request.Trace, request.Parent, request.Tags["http.response.status_code"], request.Failed));
        Assert.Equal(("meerkat-agent", "dev7", "1.0.0", "0"), (
            request.Resource["service.name"], request.Resource["device.id"], request.Resource["meerkat.version"], request.Resource["meerkat.slot"]));
        var update = await collector.GetsAsync("update");
        Assert.Equal((Caller, request.Id), (update.Trace, update.Parent));
        Assert.Equal(("1.1.0", "1", "installed"), (update.Tags["meerkat.version"], update.Tags["meerkat.slot"], update.Tags["meerkat.result"]));
        foreach (var name in (string[])["update receive", "update verify", "update seal", "update arm"])
        {
            var step = await collector.GetsAsync(name);
            Assert.Equal((Caller, update.Id, false), (step.Trace, step.Parent, step.Failed));
        }
        Assert.All(collector.Requests, what => Assert.Equal("POST /v1/traces application/x-protobuf", what));
        await device.RunsAsync("1.1.0", trial: true);
    }

    [Fact]
    public async Task Download_IsBelowTheCallThatAskedForIt()
    {
        using var collector = new TraceCollector();
        await using var device = await DeviceUnderTest.StartAsync("telemetry.otlp_endpoint=" + collector.Url + "/v1/traces");
        await device.RunsAsync("1.0.0", trial: false);

        var nobody = $"http://127.0.0.1:{DeviceUnderTest.FreePort()}/fw.zip";
        Assert.Equal(-10, (int)(await device.CallAsync("OTA.Update", $$"""{"url": "{{nobody}}"}""")).Error!["code"]!);

        var call = await collector.GetsAsync("OTA.Update");
        Assert.True(call.Failed);
        Assert.Equal("-10", call.Tags["rpc.response.status_code"]);
        var request = await collector.GetsAsync("POST /rpc", span => span.Id == call.Parent);
        Assert.Empty(request.Parent);
        var download = await collector.GetsAsync("download");
        Assert.Equal((call.Trace, call.Id, true, "/fw.zip"), (download.Trace, download.Parent, download.Failed, download.Tags["url.path"]));
        Assert.All(collector.Requests, what => Assert.Equal("POST /v1/traces application/x-protobuf", what));
    }

    [Fact]
    public async Task UpdateInPieces_IsOneSpan_AndACallerThatIsNotTracedIsHeeded()
    {
        using var collector = new TraceCollector();
        await using var device = await DeviceUnderTest.StartAsync("telemetry.otlp_endpoint=" + collector.Url);
        await device.RunsAsync("1.0.0", trial: false);

        Assert.Equal(200, (await device.GetAsync("/rpc/RPC.Ping", ("traceparent", $"00-{Caller}-{CallersSpan}-00"))).Code);
        Assert.Equal(200, (await device.GetAsync("/rpc/RPC.List", ("traceparent", $"00-{Caller}-{CallersSpan}-01"))).Code);
        Assert.Null((await device.CallAsync("OTA.Begin")).Error);
        Assert.Null((await device.CallAsync("OTA.Write", """{"offset": 0, "data": "UEsDBA=="}""")).Error);
        Assert.NotNull((await device.CallAsync("OTA.End")).Error);

        var begin = await collector.GetsAsync("OTA.Begin");
        var update = await collector.GetsAsync("update");
        Assert.Equal((begin.Trace, begin.Id, true, "4", "failed"), (
            update.Trace, update.Parent, update.Failed, update.Tags["meerkat.received_bytes"], update.Tags["meerkat.result"]));
        var write = await collector.GetsAsync("OTA.Write");
        Assert.NotEqual(begin.Trace, write.Trace);
        Assert.Equal(Caller, (await collector.GetsAsync("RPC.List")).Trace);
        Assert.DoesNotContain(collector.Spans, span => span.Name is "RPC.Ping" or "GET /metrics" or "GET /healthz");
    }

    [Fact]
    public async Task CollectorThatIsNoAddress_IsSaid_AndNothingElseHappens()
    {
        await using var device = await DeviceUnderTest.StartAsync("telemetry.otlp_endpoint=collector:4318");
        await device.RunsAsync("1.0.0", trial: false);

        Assert.Contains("WARNING: telemetry.otlp_endpoint must begin with http://", device.Log, StringComparison.Ordinal);
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
    }
}
