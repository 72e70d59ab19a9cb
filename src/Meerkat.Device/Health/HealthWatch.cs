using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Core.Health;
using Meerkat.Core.Protocol;
using Meerkat.Core.Values;
using Meerkat.Device.Updates;
using Meerkat.Storage;

namespace Meerkat.Device.Health;

/// <summary>
/// Keeps to the health contract of a firmware in its trial: runs the probes, keeps and tells what they found, and commits when all held.
/// The end of the trial is the boot loader's, so an agent that hangs or dies delays nothing.
/// </summary>
public sealed class HealthWatch : IDisposable
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    private readonly DeviceRoot device;
    private readonly BootLoaderCalls boot;
    private readonly CommitGuard commits;
    private readonly Func<SlotId, string, HealthProbes> makeProbes;
    private readonly bool inTrial;
    private readonly SlotId slot;
    private readonly FirmwareVersion firmware;
    private readonly TimeProvider time;
    private readonly Action<string> log;

    private HealthReading? reading;
    private HealthProbes? probes;
    private HealthTrial? trial;
    private string? told;
    private string? refused;

    // Replaced whole.
    private volatile JsonObject? results;

    internal HealthWatch(
        DeviceRoot device,
        BootStatus status,
        BootLoaderCalls boot,
        CommitGuard commits,
        Func<SlotId, string, HealthProbes> makeProbes,
        TimeProvider time,
        Action<string> log)
    {
        this.device = device;
        this.boot = boot;
        this.commits = commits;
        this.makeProbes = makeProbes;
        this.time = time;
        this.log = log;
        results = HealthResults.Read(device.Volume);
        if (status is { Mode: "trial", Running: { } running })
        {
            inTrial = true;
            slot = new SlotId(running);
            firmware = status.FirmwareIn(running);
            results = Expected();
        }
    }

    public void Dispose() => probes?.Dispose();

    /// <summary>What the probes of the last trial with a contract found, for <c>OTA.Status</c>; none when there was none.</summary>
    public JsonObject? Results(BootStatus status) => results is { } kept ? HealthResults.View(kept, status) : null;

    /// <summary>Runs until the trial is over or this is cancelled; ends at once without a trial or a contract.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await LookAsync(cancellationToken).ConfigureAwait(false) is { } pause)
            {
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The agent ends; another one goes on.
        }
    }

    /// <summary>One round of the probes and what follows from it.</summary>
    /// <returns>The time to the next one; none when there is nothing more to do.</returns>
    /// <exception cref="OperationCanceledException">The agent ends.</exception>
    public async Task<TimeSpan?> LookAsync(CancellationToken cancellationToken)
    {
        if (!inTrial)
        {
            return null;
        }
        try
        {
            // Once: what is set during a trial counts from the next one on, and for the boot loader too.
            reading ??= FirmwareHealth.Read(device.Volume, device.Board, slot);
            switch (reading)
            {
                case HealthReading.Found(var contract):
                    return await RoundAsync(contract, cancellationToken).ConfigureAwait(false);
                case HealthReading.Damaged(var problem):
                    Keep(HealthResults.OfDamaged(slot, firmware, problem));
                    boot.TellHealth(problem, final: true);
                    log($"health: the trial is given up: {problem}");
                    return null;
                default:
                    Forget();
                    return null;
            }
        }
        catch (Exception fault) when (fault is RpcException or StorageException)
        {
            if (fault.Message != refused)
            {
                refused = fault.Message;
                log($"health: {fault.Message}");
            }
            return AskAgain;
        }
    }

    /// <summary>What is told before the first round: whoever asks then must not be shown the results of an earlier trial.</summary>
    private JsonObject? Expected()
    {
        try
        {
            reading = FirmwareHealth.Read(device.Volume, device.Board, slot);
        }
        catch (StorageException fault)
        {
            log($"health: {fault.Message}");
        }
        return reading is HealthReading.Found(var contract)
            ? HealthResults.Of(slot, firmware, HealthTrial.Begin(contract), committed: false, TimeSpan.Zero)
            : null;
    }

    private async Task<TimeSpan?> RoundAsync(HealthContract contract, CancellationToken cancellationToken)
    {
        trial ??= Begin(contract);
        var running = probes ??= makeProbes(slot, firmware.Version);
        var status = boot.Status();
        if (status.Mode != "trial" || status.Stopping)
        {
            return null;
        }
        var started = time.GetTimestamp();
        var began = TimeSpan.FromSeconds(status.TrialFor ?? 0);
        var facts = new ProbeFacts(status.FirmwareProcess != 0, status.Ready);
        var found = await Task.WhenAll(trial.Probes.Select(state => running.RunAsync(state.Probe, facts, cancellationToken))).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        var ended = began + time.GetElapsedTime(started);
        var before = trial;
        trial = trial.With(found, ended);
        // A firmware that cannot be updated again is never committed by itself.
        var reachable = device.Board.AgentEmbedded ? status.Ready : status.AgentReady;
        var commits = trial.Commits(began) && reachable;
        if (commits || told is null || !before.Probes.SequenceEqual(trial.Probes))
        {
            // Kept before the boot loader knows: what it decides ends this program.
            Keep(HealthResults.Of(slot, firmware, trial, commits, ended));
        }
        if (commits)
        {
            return Commit();
        }
        Tell(trial.Problem);
        if (!before.Probes.Select(state => state.Last.Held).SequenceEqual(trial.Probes.Select(state => state.Last.Held)))
        {
            log(trial.AllHold ? "health: all hold" : $"health: {trial.Problem}");
        }
        var pause = trial.NextRound(began) - ended;
        return pause > TimeSpan.Zero ? pause : TimeSpan.Zero;
    }

    private HealthTrial Begin(HealthContract contract)
    {
        // An application has no way to name its own checks in a contract, and is not to be committed against them.
        var whole = commits.Application is null
            ? contract
            : contract with { Probes = contract.Probes.Add(new HealthProbe.Application("application")) };
        log(FormattableString.Invariant(
            $"health: {string.Join(", ", whole.Probes.Select(probe => probe.Name))}; commits after {whole.MinTime.TotalSeconds} s, at most {whole.MaxTime.TotalSeconds} s"));
        return HealthTrial.Begin(whole);
    }

    private TimeSpan? Commit()
    {
        try
        {
            boot.Commit();
            log($"health: all held; {firmware.Version} is committed");
            return null;
        }
        catch (RpcException)
        {
            if (boot.Status() is { Mode: "trial" })
            {
                throw;
            }
            // Somebody else was faster, or the time is over.
            return null;
        }
    }

    private void Tell(string problem)
    {
        if (problem != told)
        {
            boot.TellHealth(problem, final: false);
            told = problem;
        }
    }

    private void Keep(JsonObject now)
    {
        results = now;
        HealthResults.Keep(device.Volume, now, log);
    }

    /// <summary>This trial has no contract: the results of an earlier one would be taken for its own.</summary>
    private void Forget()
    {
        results = null;
        try
        {
            device.Volume.RemoveIfThere(LogFiles.Health);
        }
        catch (StorageException fault)
        {
            log($"health: {fault.Message}");
        }
    }
}
