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
/// <param name="Progress">Of an update, in percent.</param>
/// <param name="Health">What the probes of the last health contract found; null where there was none.</param>
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
    ImmutableArray<SlotStatus> Slots,
    double? Progress,
    HealthStatus? Health = null)
{
    private const int InProgress = 1;
    private const int Failure = 2;

    /// <summary>The last update failed; the message says why.</summary>
    public bool HasFailed => State == Failure;

    /// <summary>The slot that runs, as far as the device tells.</summary>
    public int? Slot => RunningSlot ?? ActiveSlot;

    /// <summary>The phase, or what the state comes to where the device does not tell it.</summary>
    public string PhaseWord => Phase ?? (State == InProgress ? "updating" : IsCommitted ? "idle" : "trial");

    /// <summary>Whether the restart into the new slot is still to come; false where the device does not tell.</summary>
    public bool AwaitsRestart =>
        Phase is "writing" or "armed" || (RunningSlot is { } running && ActiveSlot is { } active && running != active);

    public static OtaStatus Read(JsonObject json) => new(
        (int)(json["state"].Number ?? 0),
        json["message"].Word ?? "",
        json["is_committed"].Flag ?? true,
        json["commit_timeout"].Number ?? 0,
        (int?)(json["active_slot"].Number ?? json["partition"].Number),
        (int?)json["running_slot"].Number,
        json["version"].Word,
        json["phase"].Word,
        json["ready"].Flag,
        json["deadline_left"].Number,
        json["reason"] is JsonObject reason ? ReadReason(reason) : null,
        json["slots"] is JsonArray slots ? [.. slots.OfType<JsonObject>().Select(ReadSlot)] : [],
        json["progress_percent"].Number,
        HealthStatus.Read(json["health"]));

    private static FallBackReason ReadReason(JsonObject json) =>
        new(json["text"].Word ?? "", (int?)json["slot"].Number, json["version"].Word, json["time"].Word, json);

    private static SlotStatus ReadSlot(JsonObject json) =>
        new((int)(json["slot"].Number ?? -1), json["state"].Word ?? "", json["version"].Word ?? "");
}
