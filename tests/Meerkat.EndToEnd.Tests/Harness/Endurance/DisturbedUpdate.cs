using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Meerkat.Core.Boot;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>
/// An update as a user drives it, slowly, and beside it somebody who disturbs it. Both end when the device runs something that is
/// committed and nothing more will be disturbed.
/// </summary>
/// <param name="device">The device.</param>
/// <param name="attempt">The update.</param>
/// <param name="user">The user's files in the slot that runs before.</param>
/// <param name="writesInLife">Whether files are written while the bundle comes and during the trial.</param>
/// <param name="chance">Decides on the pace.</param>
internal sealed class DisturbedUpdate(EnduranceDevice device, UpdateAttempt attempt, UserFiles user, bool writesInLife, Random chance)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    private readonly int pieceBytes = chance.Next(4_000, 24_000);
    private readonly int pauseMs = chance.Next(2, 12);
    private readonly int lifeSeed = chance.Next();
    private volatile bool disturbing;

    /// <summary>The user's files as they are in the new slot, with what was written during the trial.</summary>
    public UserFiles? InTrial { get; private set; }

    /// <param name="disturb">What is done to the device meanwhile, in a thread of its own; none: the bundle comes at once.</param>
    public async Task RunAsync(Func<Task>? disturb)
    {
        disturbing = disturb is not null;
        var push = PushAsync();
        var beside = disturb is null ? Task.CompletedTask : Task.Factory.StartNew(
            async () =>
            {
                try
                {
                    await disturb();
                }
                finally
                {
                    disturbing = false;
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        try
        {
            await DriveAsync();
        }
        finally
        {
            attempt.Settled = true;
            disturbing = false;
            await beside;
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
            for (var sent = 0; disturbing && sent + pieceBytes < attempt.Bundle.Length; sent += pieceBytes)
            {
                await upload.SendAsync(pieceBytes);
                if (writesInLife && !lived && sent > attempt.Bundle.Length / 2)
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
            // Both looked at before the status is asked for, which otherwise tells of the time before.
            var (pushed, calm) = (attempt.PushEnded, !disturbing);
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
                    if (calm)
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
            if (device.Record() is not { Committed: false }
                || device.Now().Firmware is not { } firmware || ProcessLook.Variable(firmware, "MEERKAT_VERSION") != attempt.Version)
            {
                return false;
            }
            try
            {
                if (copy.Difference(device.FilesOf(attempt.Target.Number), attempt.Firmware) is { Length: > 0 } early)
                {
                    return device.Record()?.Sequence != before ? false : throw new ViolationException($"in the trial: {early}");
                }
                if (writesInLife)
                {
                    copy.WriteInLife(device.FilesOf(attempt.Target.Number), attempt.Version + "-in-its-trial", new Random(lifeSeed));
                }
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
            case FirmwareKind.Crashes or FirmwareKind.Faults or FirmwareKind.Hangs or FirmwareKind.NeverCommitted or FirmwareKind.FillsTheDisk:
                break;
            default:
                throw new UnreachableException();
        }
    }
}
