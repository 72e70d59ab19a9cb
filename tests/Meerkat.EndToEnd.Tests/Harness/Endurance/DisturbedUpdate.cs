using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Meerkat.Core.Boot;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>
/// An update as a user drives it, slowly, and beside it somebody who kills. Both end when the device runs something that is
/// committed and nothing more will be killed.
/// </summary>
internal sealed class DisturbedUpdate(EnduranceDevice device, UpdateAttempt attempt, UserFiles user, EnduranceReport report, Random chance)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    private readonly int pieceBytes = chance.Next(4_000, 24_000);
    private readonly int pauseMs = chance.Next(2, 12);
    private readonly int lifeSeed = chance.Next();
    private volatile bool killing;

    /// <summary>The user's files as they are in the new slot, with what was written during the trial.</summary>
    public UserFiles? InTrial { get; private set; }

    public async Task RunAsync(params KillPlan[] kills)
    {
        killing = kills.Length > 0;
        var push = PushAsync();
        var killer = Task.Factory.StartNew(() => KillAsync(kills), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        try
        {
            await DriveAsync();
        }
        finally
        {
            attempt.Settled = true;
            killing = false;
            await killer;
            await push;
        }
    }

    /// <summary>The bundle in small pieces with pauses; an undisturbed one at once.</summary>
    private async Task PushAsync()
    {
        var life = new Random(lifeSeed);
        try
        {
            using var upload = await SlowUpload.BeginAsync(device.Address, attempt.Bundle, attempt.Kind.CommitTimeout());
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(pauseMs));
            var lived = false;
            for (var sent = 0; killing && sent + pieceBytes < attempt.Bundle.Length; sent += pieceBytes)
            {
                await upload.SendAsync(pieceBytes);
                if (!lived && sent > attempt.Bundle.Length / 2)
                {
                    lived = true;
                    user.WriteInLife(device.FilesOf(attempt.Old.Number), attempt.Version + "-while-it-comes", life);
                }
                await pause.WaitForNextTickAsync();
            }
            var answer = await upload.FinishAsync();
            attempt.Accepted = answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal);
            attempt.Refusal = attempt.Accepted ? "" : answer;
        }
        catch (Exception fault) when (fault is IOException or SocketException)
        {
            attempt.Refusal = "";
        }
        finally
        {
            attempt.PushEnded = true;
        }
    }

    /// <summary>Does what somebody does who wants this firmware, or does not want it, until the device has come to rest.</summary>
    private async Task DriveAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        var looked = false;
        using var pause = new PeriodicTimer(LookAgain);
        while (true)
        {
            // Looked at before the status is asked for, which otherwise tells of the time before the push's end.
            var pushed = attempt.PushEnded;
            if (await device.StatusAsync() is { } status && pushed)
            {
                if (OnTrial(status))
                {
                    looked = looked || LookAtTrial();
                    if (looked)
                    {
                        await EndTrialAsync();
                    }
                }
                else if (AtRest(status))
                {
                    attempt.Settled = true;
                    if (!killing)
                    {
                        return;
                    }
                }
            }
            if (Stopwatch.GetElapsedTime(begun) > Longest)
            {
                throw new ViolationException($"the device has not come to rest within {Longest.TotalSeconds:0} s; its record says {device.Record()}");
            }
            await pause.WaitForNextTickAsync();
        }
    }

    private bool OnTrial(JsonNode status) => (int?)status["running_slot"] == attempt.Target.Number && (string?)status["phase"] == "trial";

    private bool AtRest(JsonNode status) => (string?)status["phase"] == "idle" && (bool)status["is_committed"]!
        && (int?)status["running_slot"] == (int?)status["active_slot"] && device.Now().Firmware is not null;

    /// <summary>While the trial runs both slots are whole. A trial that ends meanwhile moves the record first, and is not looked at.</summary>
    private bool LookAtTrial()
    {
        var before = device.Record()?.Sequence;
        if (InTrial is null)
        {
            var copy = user.Copy();
            if (device.Record() is not { Committed: false } || device.Starts(attempt.Version, trial: true) == 0)
            {
                return false;
            }
            try
            {
                if (copy.Difference(device.FilesOf(attempt.Target.Number), attempt.Firmware) is { Length: > 0 } early)
                {
                    return device.Record()?.Sequence != before ? false : throw new ViolationException($"in the trial: {early}");
                }
                copy.WriteInLife(device.FilesOf(attempt.Target.Number), attempt.Version + "-in-its-trial", new Random(lifeSeed));
            }
            catch (IOException) when (device.Record()?.Sequence != before)
            {
                return false;
            }
            InTrial = copy;
        }
        var problem = Whole(attempt.Old.Number, attempt.Running, user);
        return problem.Length == 0 || device.Record()?.Sequence != before
            ? true
            : throw new ViolationException($"the other slot is not intact during the trial: {problem}");
    }

    private string Whole(int slot, TestFirmware firmware, UserFiles files)
    {
        try
        {
            return UpdateAttempt.HasImage(device.PathOf($"slots/{slot}"), firmware)
                ? files.Difference(device.FilesOf(slot), firmware)
                : $"slots/{slot}/image is not that of {firmware.Version}";
        }
        catch (IOException fault)
        {
            return fault.Message;
        }
    }

    private async Task EndTrialAsync()
    {
        switch (attempt.Kind)
        {
            case FirmwareKind.Good:
                attempt.CommitAsked = true;
                attempt.CommitInFlight = true;
                if (await device.CallAsync("OTA.Commit") is { Error: null })
                {
                    attempt.CommitAnswered = true;
                }
                attempt.CommitInFlight = false;
                break;
            case FirmwareKind.Reverted:
                await device.CallAsync("OTA.Revert");
                break;
            case FirmwareKind.Crashes or FirmwareKind.Faults or FirmwareKind.Hangs or FirmwareKind.NeverCommitted:
                break;
            default:
                throw new UnreachableException();
        }
    }

    private async Task KillAsync(KillPlan[] kills)
    {
        foreach (var plan in kills)
        {
            AwaitMoment(plan);
            await StrikeAsync(plan.Victims);
            if (!device.IsRunning)
            {
                device.Start();
            }
        }
        killing = false;
    }

    private void AwaitMoment(KillPlan plan)
    {
        if (plan.Wanted is { } wanted)
        {
            // As often as it can be looked: some steps last a millisecond.
            while (!attempt.Settled && attempt.StepOn(device, device.Record()) != wanted)
            {
                Thread.Sleep(TimeSpan.FromMicroseconds(100));
            }
        }
        var at = Stopwatch.GetTimestamp();
        while (!attempt.Settled && Stopwatch.GetElapsedTime(at) < plan.Wait)
        {
            Thread.Sleep(TimeSpan.FromMicroseconds(100));
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
        report.Killed(step, names);
        attempt.BootWasKilled |= chosen.ContainsKey(Victims.Boot);
        attempt.Kills.Add($"{names} in {step}");
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
