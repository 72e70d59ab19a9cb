using Meerkat.Boot.Log;
using Meerkat.Core.Boot;
using Meerkat.Core.Merge;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// Steps 7 to 9 of an update, and every other boot: gather facts, apply the boot rules, store what they change, and only
/// then act. Nothing of any slot may be running.
/// </summary>
/// <param name="volume">The device's root.</param>
/// <param name="records">The boot record's copies.</param>
/// <param name="slots">The slots.</param>
/// <param name="kernelBootId">Differs after every start of the machine.</param>
/// <param name="log">Takes one line a decision.</param>
public sealed class BootSequence(
    IVolume volume, BootRecordStore records, SlotStore slots, Guid kernelBootId, Action<string> log)
{
    private const int MostConfigurationBytes = 1 << 20;
    private const int UserFileMode = 0x1A4;

    private readonly Dictionary<(SlotId, SlotRecord), (SlotHealth Health, string Problem)> checkedSlots = [];
    private BootRecord stored = BootTransitions.Factory(SlotRecord.Empty);
    private BootOutcome? pending;

    /// <param name="wall">The device's clock.</param>
    /// <param name="unrecorded">Why the trial before ended, when that could not be recorded.</param>
    /// <exception cref="BootRefusedException">A newer program wrote the boot record.</exception>
    public BootResult Run(DateTimeOffset wall, BootOutcome? unrecorded = null)
    {
        checkedSlots.Clear();
        pending = unrecorded is { At: var at } && at == default ? unrecorded with { At = wall } : unrecorded;
        try
        {
            stored = Load(wall);
            var result = Settle(stored, wall);
            Leftovers.Remove(volume, result.Slot, log);
            return result;
        }
        catch (StorageException fault)
        {
            log.Tell(BootEvents.RecordNotWritable(fault.Message));
            return WithoutRecord(stored, fault.Message, wall);
        }
    }

    private BootResult Settle(BootRecord record, DateTimeOffset wall)
    {
        // Every turn leaves a slot for good, or ends; there are two slots.
        while (true)
        {
            var (active, activeProblem) = Check(record, record.Active);
            var decision = Decide(record, active);
            var first = decision.Action != BootAction.StartTrial ? ""
                : record.MergePending ? ", merge first"
                : record.TrialStarts > 0 ? FormattableString.Invariant($", attempt {record.TrialStarts + 1}")
                : "";
            log.Tell(BootEvents.Decision(
                decision, record, $"rule {decision.Rule}: {decision.Action} slot {record.Active}{first}{(activeProblem.Length > 0 ? ": " : "")}{activeProblem}"));
            switch (decision.Action)
            {
                case BootAction.Recover:
                    return new BootResult(record, RunMode.Recovery, null, "");
                case BootAction.Run:
                    record = record.Committed ? record : Store(record.Commit());
                    MarkSeal(record);
                    return new BootResult(record, RunMode.Committed, record.Active, "");
                case BootAction.FallBack:
                    record = FallBack(record, Reason(record, decision.Rule, activeProblem, wall));
                    break;
                case BootAction.StartTrial when record.MergePending:
                    record = Merge(record, wall);
                    break;
                default:
                    record = Store(record.StartTrial(kernelBootId));
                    return new BootResult(record, RunMode.Trial, record.Active, "");
            }
        }
    }

    /// <summary>The record counts; a seal that could not be marked is marked at a later boot.</summary>
    private void MarkSeal(BootRecord record)
    {
        try
        {
            slots.MarkCommitted(record.Active, record[record.Active].CommitCount);
        }
        catch (StorageException fault)
        {
            log($"slot {record.Active}: the seal could not be marked: {fault.Message}");
        }
    }

    private BootDecision Decide(BootRecord record, SlotHealth active)
    {
        var commitment = record.Committed ? Commitment.Committed : Commitment.Uncommitted;
        var trial = BootRules.TrialOf(record, kernelBootId);
        var fallback = SlotHealth.Broken;
        if (record.Fallback is { } slot && BootRules.NeedsFallback(commitment, trial, active))
        {
            (fallback, var problem) = Check(record, slot);
            if (problem.Length > 0)
            {
                log($"fallback slot {slot}: {problem}");
            }
        }
        return BootRules.Decide(new BootFacts(commitment, trial, active, fallback));
    }

    /// <summary>Makes the new file system out of both; the record after it, which may be one that fell back.</summary>
    private BootRecord Merge(BootRecord record, DateTimeOffset wall)
    {
        var from = record.Active.Other;
        if (record.MergeAttempts == 0)
        {
            return GiveUp(record, "interrupted each time", wall);
        }
        record = Store(record.CountMergeAttempt());
        try
        {
            var merger = new FileMerger(volume);
            var plan = merger.Plan(from, record.Active);
            Tell(plan);
            merger.Merge(from, record.Active, plan);
        }
        catch (StorageException fault)
        {
            return GiveUp(record, fault.Message, wall);
        }
        return record with { MergePending = false };
    }

    /// <summary>A failed merge falls back; with nothing to fall back to, the new firmware starts with what there is.</summary>
    private BootRecord GiveUp(BootRecord record, string problem, DateTimeOffset wall)
    {
        log($"merge failed: {problem}");
        var attempts = BootTransitions.MergeAttempts - record.MergeAttempts;
        return record.Fallback is not { } fallback || Check(record, fallback).Health == SlotHealth.Broken
            ? record with { MergePending = false }
            : FallBack(record, Outcome(record, OutcomeCode.MergeFailed, attempts, problem, wall));
    }

    private void Tell(MergePlan plan)
    {
        log($"merge: {plan.Steps.Length} entries, {new ByteSize(plan.Bytes)} to copy; "
            + $"{plan.Shadowed.Length} shadowed, {plan.Skipped.Length} skipped (sockets, FIFOs, devices, deeper than any path)");
        foreach (var path in plan.Shadowed.Take(20))
        {
            log($"merge: shadowed {path}");
        }
    }

    private BootRecord FallBack(BootRecord record, BootOutcome reason)
    {
        log.Tell(BootEvents.FallBack(reason));
        if (record.Committed && record.Fallback is { } heir)
        {
            RescueUserSettings(record.Active, heir);
        }
        SlotOutput.KeepLast(volume, reason.Slot);
        pending = reason;
        record = Store(record.FallBack(reason));
        pending = null;
        return record;
    }

    private static BootOutcome Outcome(
        BootRecord record, OutcomeCode code, long number, string detail, DateTimeOffset wall) =>
        new(code, record.Active, record[record.Active].Version.Version, number, TimeSpan.Zero, wall, detail, Attempts: record.TrialStarts);

    private BootOutcome Reason(BootRecord record, BootRule rule, string problem, DateTimeOffset wall)
    {
        var reason = rule switch
        {
            BootRule.ActiveBroken => Outcome(record, OutcomeCode.ImageBroken, 0, problem, wall),
            BootRule.NewImageBroken => Outcome(record, OutcomeCode.NewImageBroken, 0, problem, wall),
            BootRule.TrialStopped or BootRule.TrialEnded when pending is { } known && known.Slot == record.Active => known,
            BootRule.TrialStopped => Outcome(record, OutcomeCode.BootLoaderStopped, 0, "", wall),
            _ => Outcome(record, OutcomeCode.PowerLost, 0, "", wall),
        };
        var lost = rule is BootRule.TrialEnded or BootRule.TrialStopped && record.Fallback is { } fallback
            && UserSettings.Differ(volume, record.Active, fallback);
        return reason with { SettingsLost = lost };
    }

    /// <summary>The user's configuration of a committed slot whose image rotted goes on, if it can be read.</summary>
    private void RescueUserSettings(SlotId rotten, SlotId heir)
    {
        try
        {
            foreach (var name in MergePlanner.UserFiles)
            {
                var (from, to) = ($"{SlotPaths.Files(rotten)}/{name}", $"{SlotPaths.Files(heir)}/{name}");
                var text = volume.ReadSmall(from, MostConfigurationBytes);
                if (text is not null && ConfigText.Parse(text) is ConfigText.Parsed { Tree.Count: > 0 }
                    && volume.Find(SlotPaths.Files(heir)) is { Kind: EntryKind.Directory })
                {
                    volume.Replace(to, text, UserFileMode);
                    // Without its owner the firmware could not change it any more.
                    volume.SetAttributes(to, volume.Find(from)!.Value.Attributes);
                }
            }
        }
        catch (StorageException fault)
        {
            log($"the settings of slot {rotten} could not be taken over: {fault.Message}");
        }
    }

    private BootRecord Store(BootRecord record)
    {
        records.Write(record);
        stored = record;
        return record;
    }

    /// <summary>Facts are gathered once: an image is read once a boot, however many turns the rules take.</summary>
    private (SlotHealth Health, string Problem) Check(BootRecord record, SlotId slot)
    {
        if (!checkedSlots.TryGetValue((slot, record[slot]), out var found))
        {
            found = slots.Check(slot, record[slot]);
            checkedSlots.Add((slot, record[slot]), found);
        }
        return found;
    }

    private BootRecord Load(DateTimeOffset wall)
    {
        switch (records.Read())
        {
            case BootRecordChoice.Chosen chosen:
                stored = chosen.Record;
                records.FlushRead();
                if (chosen.Note.Length > 0)
                {
                    log($"boot record: {chosen.Note}; the other copy is used");
                    Mend(chosen.Record);
                }
                return chosen.Record;
            case BootRecordChoice.Refused refused:
                throw new BootRefusedException($"the boot record is of a newer format; {refused.Text}");
            case BootRecordChoice.Lost lost:
                log($"boot record: {lost.Text}; the seals of the slots decide");
                return FromSeals(lost.Text, wall);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>
    /// Writes the record over the damaged copy at once: on a device that is not updated for years the next write may come
    /// after the other copy's damage. Without it the device runs as before.
    /// </summary>
    private void Mend(BootRecord record)
    {
        try
        {
            records.Write(record);
        }
        catch (StorageException fault)
        {
            log($"boot record: the damaged copy could not be mended: {fault.Message}");
        }
    }

    /// <summary>Both copies are unreadable: the slot with an intact seal that was committed last runs.</summary>
    private BootRecord FromSeals(string problem, DateTimeOffset wall)
    {
        SlotRecord Sealed(SlotId slot) => slots.ReadSeal(slot) is { CommitCount: > 0 } seal
            ? new SlotRecord(SlotState.Committed, seal.Version, seal.Image, seal.ImageBytes, seal.CommitCount)
            : SlotRecord.Empty;

        var slot0 = Sealed(SlotId.Zero);
        var slot1 = Sealed(SlotId.One);
        var active = slot1.CommitCount > slot0.CommitCount ? SlotId.One : SlotId.Zero;
        var record = new BootRecord
        {
            Sequence = 1,
            Active = active,
            Fallback = slot0.MayStart && slot1.MayStart ? active.Other : null,
            Committed = true,
            Slot0 = slot0,
            Slot1 = slot1,
        };
        record = record with { LastOutcome = Outcome(record, OutcomeCode.RecordLost, 0, problem, wall) };
        stored = record;
        records.Provision(record);
        return record;
    }

    /// <summary>The record cannot be stored, and nothing waits for it: something good runs, and no trial.</summary>
    private BootResult WithoutRecord(BootRecord record, string problem, DateTimeOffset wall)
    {
        SlotId?[] wishes = record.Committed
            ? [record.Active, record.Fallback]
            : [record.Fallback, record.Active];
        var slot = wishes.FirstOrDefault(
            wish => wish is { } some && Check(record, some).Health == SlotHealth.Bootable);
        if (slot is null || slot == record.Active)
        {
            return new BootResult(record, slot is null ? RunMode.Recovery : RunMode.Committed, slot, problem);
        }
        var reason = pending is { } known && known.Slot == record.Active
            ? known
            : Outcome(record, OutcomeCode.RecordNotWritable, 0, problem, wall);
        return new BootResult(record, RunMode.Committed, slot, problem, reason);
    }
}
