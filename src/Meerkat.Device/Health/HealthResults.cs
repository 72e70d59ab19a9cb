using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Core.Health;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Device.Health;

/// <summary>What the probes of a trial found, as it is kept in <c>log/health.json</c> and told by <c>OTA.Status</c>.</summary>
internal static class HealthResults
{
    private const int FileMode = 0x1A0;
    private const int MostBytes = 64 * 1024;

    public static JsonObject Of(SlotId slot, FirmwareVersion firmware, HealthTrial trial, bool committed, TimeSpan at)
    {
        var probes = new JsonArray();
        foreach (var state in trial.Probes)
        {
            probes.Add((JsonNode)new JsonObject
            {
                ["name"] = state.Probe.Name,
                ["kind"] = state.Probe.Kind,
                ["held"] = state.Last.Held,
                ["last"] = state.Last.Text,
                ["since"] = Math.Round(state.Since.TotalSeconds, 1),
            });
        }
        return new JsonObject
        {
            ["state"] = committed ? "held" : "waiting",
            ["slot"] = slot.Number,
            ["version"] = firmware.Version,
            ["build_id"] = firmware.BuildId,
            ["min_time"] = (long)trial.Contract.MinTime.TotalSeconds,
            ["max_time"] = (long)trial.Contract.MaxTime.TotalSeconds,
            ["at"] = Math.Round(at.TotalSeconds, 1),
            ["problem"] = trial.Problem,
            ["probes"] = probes,
        };
    }

    /// <summary>Of a contract that cannot be read.</summary>
    public static JsonObject OfDamaged(SlotId slot, FirmwareVersion firmware, string problem) => new()
    {
        ["state"] = "waiting",
        ["slot"] = slot.Number,
        ["version"] = firmware.Version,
        ["build_id"] = firmware.BuildId,
        ["problem"] = problem,
        ["probes"] = new JsonArray(),
    };

    /// <summary>
    /// The results with the state that they have now: <c>waiting</c> in the trial that they are of, <c>held</c> when it was committed by
    /// them, <c>failed</c> when it fell back because of them, else <c>ended</c>: somebody or something else decided.
    /// </summary>
    public static JsonObject View(JsonObject kept, BootStatus boot)
    {
        var view = kept.DeepClone().AsObject();
        var (slot, version) = ((int?)kept["slot"], (string?)kept["version"]);
        if ((string?)kept["state"] != "held" && !(boot.Mode == "trial" && boot.Running == slot))
        {
            view["state"] = boot.Reason is { Code: "health_failed" } reason && reason.Slot == slot && reason.Version == version
                ? "failed"
                : "ended";
        }
        return view;
    }

    /// <summary>What was kept; nothing when there is nothing, or it is damaged.</summary>
    public static JsonObject? Read(IVolume volume)
    {
        try
        {
            return ConfigText.Parse(volume.ReadSmall(LogFiles.Health, MostBytes)) is ConfigText.Parsed { Tree: { Count: > 0 } tree } && IsSound(tree)
                ? tree
                : null;
        }
        catch (StorageException)
        {
            return null;
        }
    }

    public static void Keep(IVolume volume, JsonObject results, Action<string> log)
    {
        try
        {
            volume.Replace(LogFiles.Health, ConfigText.Format(results), FileMode);
        }
        catch (StorageException fault)
        {
            log($"health: the results are not kept: {fault.Message}");
        }
    }

    private static bool IsSound(JsonObject tree) =>
        tree["state"]?.GetValueKind() == JsonValueKind.String && tree["version"]?.GetValueKind() == JsonValueKind.String
        && tree["slot"]?.GetValueKind() == JsonValueKind.Number && tree["probes"] is JsonArray;
}
