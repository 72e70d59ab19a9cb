using System.Text.Json.Nodes;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Logs;

/// <summary>A part of a device's log, as <c>Sys.GetLog</c> answers.</summary>
/// <param name="Text">What was printed.</param>
/// <param name="Cursor">Where the next part begins.</param>
/// <param name="Slot">Whose firmware's log this is; null for other logs.</param>
/// <param name="RunningSlot">Whose firmware runs now; null in recovery.</param>
/// <param name="More">More follows already.</param>
/// <param name="Cut">Fewer lines than were asked for, because an answer holds no more.</param>
/// <param name="Missed">What followed the cursor is not kept any more.</param>
internal sealed record RemoteLog(string Text, string Cursor, int? Slot, int? RunningSlot, bool More, bool Cut, bool Missed)
{
    public const string Method = "Sys.GetLog";

    public static RemoteLog Read(JsonNode? json) => new(
        json?["text"].Word ?? "",
        json?["cursor"].Word ?? throw new ToolException($"the device answered {Method} without a cursor"),
        (int?)json["slot"].Number,
        (int?)json["running_slot"].Number,
        json["more"].Flag ?? false,
        json["cut"].Flag ?? false,
        json["missed"].Flag ?? false);
}
