using System.Diagnostics;
using System.Diagnostics.Metrics;
using Meerkat.Agent.Tests.Harness;
using Meerkat.Device;
using Meerkat.Device.Telemetry;
using Meerkat.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Meerkat.Agent.Tests;

/// <summary>A device inside an application that does its own watching.</summary>
public sealed class HostedTests(RunningDevice device) : IClassFixture<RunningDevice>
{
    private const string Framework = "Microsoft.AspNetCore";
    private const string Caller = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string CallersSpan = "00f067aa0ba902b7";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Spans_HangBelowTheApplicationsOwn_OrTheCallers(bool applicationTracesRequests)
    {
        var ended = new List<Activity>();
        using var listener = new ActivityListener();
        listener.ShouldListenTo = source => source.Name == Tracing.Name || (applicationTracesRequests && source.Name == Framework);
        listener.Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded;
        listener.ActivityStopped = span =>
        {
            lock (ended)
            {
                ended.Add(span);
            }
        };
        ActivitySource.AddActivityListener(listener);

        await using (var app = await HostAsync())
        {
            await AskAsync(app, "/rpc/RPC.Ping");
            // Its own spans end after the answer, and before the application.
            await app.StopAsync(TestContext.Current.CancellationToken);
        }

        Activity Only(string source, string name) => Assert.Single(
            ended, span => span.Source.Name == source && span.OperationName == name && span.TraceId.ToString() == Caller);
        var call = Only(Tracing.Name, "RPC.Ping");
        var request = Only(Tracing.Name, "GET /rpc/{method}");
        Assert.Equal(request.SpanId, call.ParentSpanId);
        if (applicationTracesRequests)
        {
            var framework = Only(Framework, "Microsoft.AspNetCore.Hosting.HttpRequestIn");
            Assert.Equal(framework.SpanId, request.ParentSpanId);
            Assert.Equal(CallersSpan, framework.ParentSpanId.ToString());
        }
        else
        {
            Assert.Equal(CallersSpan, request.ParentSpanId.ToString());
        }
    }

    [Fact]
    public async Task Instruments_AreThereForTheApplicationsOwnListener()
    {
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter.Name == DeviceMeters.DeviceMeter)
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.Start();

        await using var app = await HostAsync();
        await AskAsync(app, "/rpc/RPC.Ping");
        listener.RecordObservableInstruments();

        Assert.Equal(1, seen["meerkat_rpc_calls_total"]);
        Assert.Equal(1, seen["meerkat_boot_loader_up"]);
        Assert.Equal(1, seen["meerkat_info"]);
        Assert.DoesNotContain("process_open_fds", seen);
    }

    private async Task<WebApplication> HostAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddMeerkat(options => (options.Root, options.Listen) = (device.Root, false));
        var app = builder.Build();
        app.MapMeerkat();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static async Task AskAsync(WebApplication app, string path)
    {
        // Without the client's own spans, which would stand between the caller and the application.
        using var http = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null });
        using var request = new HttpRequestMessage(HttpMethod.Get, app.Urls.Single() + path);
        request.Headers.Add("traceparent", $"00-{Caller}-{CallersSpan}-01");
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }
}
