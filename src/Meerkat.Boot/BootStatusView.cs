using Meerkat.Boot.Link;
using Meerkat.Core.Boot;
using Meerkat.Core.Updates;
using Meerkat.Core.Values;

namespace Meerkat.Boot;

/// <summary>The state of the supervision as the boot socket tells it.</summary>
internal static class BootStatusView
{
    public static BootStatus Of(Supervision now, TimeSpan uptime, int firmwareProcess) => new(
        now.Record.Sequence,
        now.Mode.ToString().ToLowerInvariant(),
        now.Running?.Number,
        now.Record.Active.Number,
        now.Record.Fallback?.Number,
        now.Record.Committed,
        now.Armed,
        now.Held?.Number,
        now.Held is not null && now.Record.ActivatesItself,
        now.Stopping,
        now.Lease is not null,
        now.CommitTimeoutSeconds,
        now.CommitDeadline is { } deadline ? Math.Max(0, Math.Round((deadline - uptime).TotalSeconds, 1)) : null,
        now.Firmware == FirmwarePhase.Ready,
        now.AgentReady,
        firmwareProcess,
        [Slot(now.Record, SlotId.Zero), Slot(now.Record, SlotId.One)],
        now.Record.LastOutcome is { } reason
            ? new ReasonStatus(reason.Name, reason.Text, reason.Slot.Number, reason.Version, reason.At)
            : null,
        now.RecordProblem,
        now.SettingsChanged,
        now.SettingsPublished,
        typeof(BootStatusView).Assembly.GetName().Version?.ToString(3) ?? "0",
        [.. now.Record.Failures.Entries.Select(entry => new FailedBundle(entry.Bundle.ToString(), entry.Count, entry.Words, entry.PowerLosses))],
        now.Mode == RunMode.Trial ? (uptime - now.StartedAt).TotalSeconds : null);

    private static SlotStatus Slot(BootRecord record, SlotId slot) => new(
        slot.Number,
        record[slot].State.ToString().ToLowerInvariant(),
        record[slot].Version.Version,
        record[slot].Version.BuildId);
}
