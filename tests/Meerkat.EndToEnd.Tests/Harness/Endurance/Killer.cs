using Meerkat.Core.Boot;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>
/// Kills a device's programs in an update: freezes them, looks where the update stands, kills with SIGKILL, and starts the boot loader
/// again where it was killed.
/// </summary>
internal sealed class Killer(EnduranceDevice device, UpdateAttempt attempt, EnduranceReport report)
{
    public async Task RunAsync(IEnumerable<KillPlan> kills)
    {
        foreach (var plan in kills)
        {
            attempt.AwaitStep(device, plan.Wanted, plan.Wait);
            await StrikeAsync(plan.Victims);
            if (!device.IsRunning)
            {
                device.Start();
            }
        }
    }

    private async Task StrikeAsync(Victims victims)
    {
        var frozen = device.Freeze();
        var record = device.Record() ?? throw new ViolationException("both copies of the boot record are unreadable at a kill");
        var step = attempt.StepOn(device, record);
        var chosen = Chosen(frozen, victims);
        Expect(record, chosen.ContainsKey(Victims.Boot), chosen.ContainsKey(Victims.Firmware));
        var names = string.Join("+", chosen.Keys.Where(one => one != Victims.Guard)).ToLowerInvariant();
        report.Disturbed(step, names);
        attempt.BootWasKilled |= chosen.ContainsKey(Victims.Boot);
        attempt.Disturbances.Add($"{names} killed in {step}");
        await device.KillAsync(frozen, [.. chosen.Values]);
    }

    /// <summary>Who of them runs; the boot loader, which always does, when none of them.</summary>
    private static SortedDictionary<Victims, int> Chosen(EnduranceDevice.Processes frozen, Victims wanted)
    {
        var there = new SortedDictionary<Victims, int>();
        foreach (var (victim, process) in new[]
        {
            (Victims.Boot, frozen.Boot), (Victims.Agent, frozen.Agent), (Victims.Firmware, frozen.Firmware), (Victims.Guard, frozen.Guard),
        })
        {
            if (process is { } id && (wanted & victim) != 0)
            {
                there.Add(victim, id);
            }
        }
        if (there.Count == 0 && frozen.Boot is { } loader)
        {
            there.Add(Victims.Boot, loader);
        }
        return there;
    }

    /// <summary>What a fall back after this kill may give as its reason.</summary>
    private void Expect(BootRecord record, bool bootDies, bool firmwareDies)
    {
        if (record is { Committed: true, LastOutcome: { } told } && told.Version == attempt.Version)
        {
            attempt.Reasons.Clear();
            attempt.Reasons.Add(told.Name);
        }
        else if (record is { Committed: false } && record[attempt.Target].State == SlotState.Trial)
        {
            if (bootDies)
            {
                attempt.Reasons.Clear();
                attempt.Reasons.Add("boot_loader_stopped");
            }
            else if (firmwareDies)
            {
                attempt.Reasons.Add("signaled");
            }
        }
    }
}
