using System.Text.Json.Nodes;
using Meerkat.Boot.Link;
using Meerkat.Device.Downloads;
using Meerkat.Device.Updates;

namespace Meerkat.Device.Services;

/// <summary>The result of <c>OTA.Status</c>: the six members of the original first, then ours.</summary>
internal static class OtaStatusView
{
    private const int Succeeded = 3;

    public static JsonObject Of(BootStatus boot, UpdateStatus update, PollStatus poll, JsonObject? health, string? lastOutput)
    {
        var shown = Shown(boot, update);
        var running = boot.Running is { } slot ? boot.Slots[slot] : null;
        var slots = new JsonArray();
        foreach (var each in boot.Slots)
        {
            slots.Add((JsonNode)new JsonObject
            {
                ["slot"] = each.Slot,
                ["state"] = each.State,
                ["version"] = each.Version,
                ["build_id"] = each.BuildId,
            });
        }
        return new JsonObject
        {
            ["state"] = shown.State,
            ["message"] = shown.Message,
            ["is_committed"] = boot.Committed,
            ["progress_percent"] = shown.ProgressPercent,
            ["commit_timeout"] = boot.CommitTimeout,
            ["partition"] = boot.Running ?? boot.Active,
            ["version"] = running?.Version ?? "",
            ["build_id"] = running?.BuildId ?? "",
            ["running_slot"] = boot.Running,
            ["active_slot"] = boot.Active,
            ["fallback_slot"] = boot.Fallback ?? -1,
            ["held_slot"] = boot.Held,
            ["activates_itself"] = boot.ActivatesItself,
            ["phase"] = Phase(boot, shown),
            ["signatures"] = update.Signatures,
            ["ready"] = boot.Ready,
            ["deadline_left"] = boot.DeadlineLeft,
            ["health"] = health,
            ["reason"] = Reason(boot.Reason),
            ["last_output"] = lastOutput,
            ["record_problem"] = boot.RecordProblem.Length > 0 ? boot.RecordProblem : null,
            ["poll"] = Poll(poll),
            ["slots"] = slots,
        };
    }

    /// <summary>
    /// Senders begin only in state 0 or 2. A success that left nothing to restart into (same version, not modified), or whose new
    /// slot was given back, is over.
    /// </summary>
    public static UpdateStatus Shown(BootStatus boot, UpdateStatus update) => update switch
    {
        { Phase: "armed" } when !boot.Armed => UpdateStatus.Idle,
        { State: Succeeded } when !boot.Armed => update with { State = 0, ProgressPercent = 0 },
        _ => update,
    };

    public static string Phase(BootStatus boot, UpdateStatus update) =>
        boot.Armed ? "armed"
        : update.State == 1 ? update.Phase
        : boot.Mode is "trial" or "recovery" ? boot.Mode
        : boot.Held is not null ? "held"
        : "idle";

    private static JsonObject? Poll(PollStatus poll) => poll.Url.Length == 0 ? null : new JsonObject
    {
        ["url"] = poll.Url,
        ["last_result"] = poll.Last?.Code,
        ["last_message"] = poll.Last?.Message,
        ["last_time"] = poll.LastTime?.ToString("O", System.Globalization.CultureInfo.InvariantCulture),
        ["failures"] = poll.Failures,
        ["next_in"] = poll.NextIn is { } next ? Math.Round(next.TotalSeconds, 1) : null,
    };

    private static JsonObject? Reason(ReasonStatus? reason) => reason is null ? null : new JsonObject
    {
        ["code"] = reason.Code,
        ["text"] = reason.Text,
        ["slot"] = reason.Slot,
        ["version"] = reason.Version,
        ["time"] = reason.Time.ToString("O", System.Globalization.CultureInfo.InvariantCulture),
    };
}
