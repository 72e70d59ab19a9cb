using System.Text.Json;
using Meerkat.Core.Protocol;
using Meerkat.Core.Values;
using Meerkat.Device.Services;

namespace Meerkat.Device.Mqtt;

/// <summary>What a desired state wants the device to run (specification section 9).</summary>
/// <param name="Url">Of the bundle.</param>
/// <param name="CommitTimeoutSeconds">None: as set on the device.</param>
/// <param name="Flat">It came as <c>ota_url</c>, as in 2017, and is reported so as well.</param>
internal sealed record DesiredUpdate(string Url, int? CommitTimeoutSeconds, bool Flat)
{
    /// <summary>Reads a desired state by itself, in AWS's envelope, or what of one differs (a delta).</summary>
    /// <param name="utf8">A JSON object.</param>
    /// <param name="problem">What is wrong with it; none when it only wants no update.</param>
    /// <returns>None: it wants no update.</returns>
    public static DesiredUpdate? Read(ReadOnlySpan<byte> utf8, out string? problem)
    {
        problem = null;
        try
        {
            var document = StrictJson.Parse(utf8, RpcFrame.MaxDepth);
            var state = Object(document, "state") ?? document;
            var desired = Object(state, "desired") ?? state;
            if (Object(desired, "ota") is { } ota)
            {
                return Text(ota, "url") is { Length: > 0 } url ? new DesiredUpdate(url, Timeout(ota), false) : null;
            }
            return Text(desired, "ota_url") is { Length: > 0 } flat ? new DesiredUpdate(flat, null, true) : null;
        }
        catch (Exception fault) when (fault is JsonException or RpcException)
        {
            problem = fault.Message;
            return null;
        }
    }

    private static int? Timeout(JsonElement ota) =>
        (int?)new RpcArguments(ota).WholeNumber("commit_timeout", 0, OtaService.MostCommitTimeoutSeconds);

    private static JsonElement? Object(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : null;

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
