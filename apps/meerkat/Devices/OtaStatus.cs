using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Meerkat.Tool.Devices;

/// <summary>
/// The result of <c>OTA.Status</c>. Every device sends the first six; the rest is null where it runs other software than Meerkat.
/// </summary>
/// <param name="State">0 idle, 1 progress, 2 error, 3 success (specification 3.2).</param>
/// <param name="Message">The state in words.</param>
/// <param name="IsCommitted">False while an update waits for its restart or is in trial.</param>
/// <param name="CommitTimeout">Seconds; 0 for none.</param>
/// <param name="ActiveSlot">The slot the next boot uses.</param>
/// <param name="RunningSlot">The slot that runs now.</param>
/// <param name="Version">The version that runs now.</param>
/// <param name="Phase"><c>idle</c>, <c>writing</c>, <c>armed</c>, <c>trial</c>, …</param>
/// <param name="Ready">Whether the firmware has shown that it works.</param>
/// <param name="DeadlineLeft">Seconds until the trial falls back; null when there is no deadline.</param>
/// <param name="Reason">Why the device last fell back.</param>
/// <param name="Slots">What the slots hold; empty when not told.</param>
internal sealed record OtaStatus(
    int State,
    string Message,
    bool IsCommitted,
    double CommitTimeout,
    int? ActiveSlot,
    int? RunningSlot,
    string? Version,
    string? Phase,
    bool? Ready,
    double? DeadlineLeft,
    FallBackReason? Reason,
    ImmutableArray<SlotStatus> Slots)
{
    /// <summary>Whether the restart into the new slot is still to come; false where the device does not tell.</summary>
    public bool AwaitsRestart =>
        Phase is "writing" or "armed" || (RunningSlot is { } running && ActiveSlot is { } active && running != active);

    public static OtaStatus Read(JsonObject json) => new(
        (int)(Number(json["state"]) ?? 0),
        Text(json["message"]) ?? "",
        Flag(json["is_committed"]) ?? true,
        Number(json["commit_timeout"]) ?? 0,
        (int?)(Number(json["active_slot"]) ?? Number(json["partition"])),
        (int?)Number(json["running_slot"]),
        Text(json["version"]),
        Text(json["phase"]),
        Flag(json["ready"]),
        Number(json["deadline_left"]),
        json["reason"] is JsonObject reason ? ReadReason(reason) : null,
        json["slots"] is JsonArray slots ? [.. slots.OfType<JsonObject>().Select(ReadSlot)] : []);

    private static FallBackReason ReadReason(JsonObject json) =>
        new(Text(json["text"]) ?? "", (int?)Number(json["slot"]), Text(json["version"]), Text(json["time"]), json);

    private static SlotStatus ReadSlot(JsonObject json) =>
        new((int)(Number(json["slot"]) ?? -1), Text(json["state"]) ?? "", Text(json["version"]) ?? "");

    private static double? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static bool? Flag(JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;
}
