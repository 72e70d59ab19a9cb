using Meerkat.Device;
using Meerkat.Rpc;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

/// <summary>Sends the device's spans to a collector, where <c>telemetry.otlp_endpoint</c> names one.</summary>
internal static class TraceExport
{
    private const string Key = "telemetry.otlp_endpoint";
    private const string TracesPath = "v1/traces";

    /// <summary>A restart must not wait long for a collector that does not answer.</summary>
    private const int TimeoutMilliseconds = 2000;

    /// <summary>Begins; what it gives back sends the last spans when it is disposed of. None where nothing is configured.</summary>
    public static IDisposable? Begin(DeviceAgent agent)
    {
        var text = agent.Config.Values.Text(Key);
        if (text.Length == 0)
        {
            return null;
        }
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            agent.Log($"WARNING: {Key} must begin with http:// or https://, found \"{text}\"; no traces are sent");
            return null;
        }
        // As OTEL_EXPORTER_OTLP_ENDPOINT has it: a bare address is that of the collector.
        address = address.AbsolutePath == "/" ? new Uri(address, TracesPath) : address;
        return Sdk.CreateTracerProviderBuilder()
            .ConfigureResource(resource => resource.Clear()
                .AddService("meerkat-agent", serviceVersion: agent.Identity.AgentVersion, serviceInstanceId: agent.Identity.Id)
                .AddAttributes(
                [
                    new("device.id", agent.Identity.Id),
                    new("meerkat.version", agent.Identity.Firmware.Version),
                    new("meerkat.build_id", agent.Identity.Firmware.BuildId),
                    new("meerkat.slot", agent.Identity.Slot?.Number.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? ""),
                ]))
            .AddSource(Tracing.Name)
            .AddOtlpExporter(options =>
            {
                options.Endpoint = address;
                options.Protocol = OtlpExportProtocol.HttpProtobuf;
                options.TimeoutMilliseconds = TimeoutMilliseconds;
            })
            .Build();
    }
}
