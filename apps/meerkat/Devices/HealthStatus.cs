using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Meerkat.Tool.Devices;

/// <summary>What the probes of the last trial with a health contract found.</summary>
/// <param name="State">waiting, held, failed, or ended: something else decided the trial.</param>
/// <param name="Version">Whose trial.</param>
/// <param name="MinTime">Seconds; it commits no sooner.</param>
/// <param name="MaxTime">Seconds; it may take no longer where the update names no commit timeout.</param>
/// <param name="Problem">What does not hold; empty when all does.</param>
/// <param name="Probes">In the contract's order.</param>
/// <param name="Json">All of it as the device told it.</param>
internal sealed record HealthStatus(
    string State, string Version, double MinTime, double MaxTime, string Problem, ImmutableArray<ProbeStatus> Probes, JsonObject Json)
{
    /// <summary>The trial goes on and may still be committed by its probes.</summary>
    public bool IsWaiting => State == "waiting";

    /// <summary>In a few words: <c>2 of 3 probes hold</c>.</summary>
    public string Count => string.Create(
        CultureInfo.InvariantCulture, $"{Probes.Count(probe => probe.Held)} of {Probes.Length} probes hold");

    public static HealthStatus? Read(JsonNode? node) => node is not JsonObject json
        ? null
        : new HealthStatus(
            json["state"].Word ?? "",
            json["version"].Word ?? "unknown",
            json["min_time"].Number ?? 0,
            json["max_time"].Number ?? 0,
            json["problem"].Word ?? "",
            json["probes"] is JsonArray probes ? [.. probes.OfType<JsonObject>().Select(ProbeStatus.Read)] : [],
            json);
}
