using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Boot.Log;

/// <summary>Events that the boot sequence and the supervision both tell.</summary>
internal static class BootEvents
{
    public static LogEvent Decision(BootDecision decision, BootRecord record, string text) => new("boot_decision", text)
    {
        Severity = decision.Action == BootAction.Recover ? Severity.Critical : Severity.Notice,
        Slot = record.Active.Number,
        Version = record[record.Active].Version.Version,
        Reason = decision.Rule.ToString(),
    };

    /// <summary>What happened to a slot's firmware.</summary>
    public static LogEvent About(BootRecord record, SlotId? slot, string name, string text) => new(name, text)
    {
        Severity = Severity.Notice,
        Slot = slot?.Number,
        Version = slot is { } some ? record[some].Version.Version : null,
    };

    public static LogEvent FallBack(BootOutcome reason) => new("fall_back", $"fall back from slot {reason.Slot} ({reason.Version}): {reason.Text}")
    {
        Severity = Severity.Warning,
        Slot = reason.Slot.Number,
        Version = reason.Version,
        Reason = reason.Name,
    };

    public static LogEvent RecordNotWritable(string problem) => new("record_not_writable", $"boot record not writable: {problem}")
    {
        Severity = Severity.Error,
    };
}
