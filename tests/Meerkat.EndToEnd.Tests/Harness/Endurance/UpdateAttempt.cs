using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>One update from its first byte to the firmware that runs in the end, and what the device has answered to it.</summary>
internal sealed class UpdateAttempt
{
    private readonly BootRecord before;
    private readonly long lastFileBytes;

    public UpdateAttempt(FirmwareKind kind, TestFirmware firmware, TestFirmware running, BootRecord before)
    {
        this.before = before;
        Kind = kind;
        Running = running;
        Firmware = firmware;
        Bundle = Firmware.Bundle();
        lastFileBytes = Encoding.UTF8.GetByteCount(Firmware.Files[FirmwareKinds.LastFile]);
        if (kind.FallsBack())
        {
            Reasons.Add(kind.Reason());
        }
    }

    public FirmwareKind Kind { get; }

    public TestFirmware Firmware { get; }

    public byte[] Bundle { get; }

    /// <summary>The firmware that ran before, and runs again when this one does not stay.</summary>
    public TestFirmware Running { get; }

    public string Version => Firmware.Version;

    public SlotId Old => before.Active;

    public SlotId Target => before.Active.Other;

    /// <summary>The reason that the record held before.</summary>
    public BootOutcome? ReasonBefore => before.LastOutcome;

    public DateTime Begun { get; } = DateTime.UtcNow;

    /// <summary>The push has been answered, or cut off.</summary>
    public volatile bool PushEnded;

    /// <summary>The push was answered with success.</summary>
    public volatile bool Accepted;

    /// <summary>What the push was answered otherwise; empty when it was not.</summary>
    public string Refusal { get; set; } = "";

    public volatile bool CommitAsked;

    public volatile bool CommitInFlight;

    /// <summary>A commit was answered with success.</summary>
    public volatile bool CommitAnswered;

    /// <summary>Nothing goes on any more but what a kill may still disturb.</summary>
    public volatile bool Settled;

    /// <summary>The reasons that are right for a fall back from this firmware.</summary>
    public HashSet<string> Reasons { get; } = [];

    public bool BootWasKilled { get; set; }

    /// <summary>What was done to the device, and when.</summary>
    public List<string> Disturbances { get; } = [];

    /// <summary>Waits for a step, if one is named, and then for a while; not longer than the update lasts.</summary>
    public void AwaitStep(EnduranceDevice device, UpdateStep? wanted, TimeSpan wait)
    {
        // As often as it can be looked: some steps last less than a millisecond.
        while (wanted is { } step && !Settled && StepOn(device, device.Record()) != step)
        {
            Thread.Yield();
        }
        var at = Stopwatch.GetTimestamp();
        while (!Settled && Stopwatch.GetElapsedTime(at) < wait)
        {
            Thread.Sleep(TimeSpan.FromMilliseconds(1));
        }
    }

    /// <summary>Where the update stands. Of frozen processes, this is what a kill finds.</summary>
    public UpdateStep StepOn(EnduranceDevice device, BootRecord? record)
    {
        var slot = device.PathOf($"slots/{Target}");
        return record switch
        {
            null => UpdateStep.Idle,
            { Committed: true } when record.Active == Target => CommitInFlight ? UpdateStep.Commit : UpdateStep.Idle,
            { Committed: true } when record[Target].State == SlotState.Failed && record[Target].Version.Version == Version =>
                Directory.Exists(slot) ? UpdateStep.FallBack : UpdateStep.Idle,
            { Committed: true } when PushEnded && !Accepted && !Directory.Exists(slot) => UpdateStep.Idle,
            { Committed: true } when record.Sequence == before.Sequence => PushEnded ? UpdateStep.Idle : UpdateStep.Receive,
            { Committed: true } => StepInSlot(slot),
            { MergePending: true, MergeAttempts: BootTransitions.MergeAttempts } => UpdateStep.Restart,
            { MergePending: true } => UpdateStep.Merge,
            _ when CommitInFlight => UpdateStep.Commit,
            _ => device.Starts(Version, trial: true) > 0 ? UpdateStep.Trial : UpdateStep.TrialStart,
        };
    }

    private UpdateStep StepInSlot(string slot)
    {
        var image = new FileInfo(slot + "/image");
        if (!image.Exists || image.CreationTimeUtc < Begun)
        {
            return UpdateStep.Invalidate;
        }
        if (File.Exists(slot + "/seal"))
        {
            return UpdateStep.Arm;
        }
        if (File.Exists(slot + "/manifest.json") || File.Exists(slot + "/manifest.json.new"))
        {
            return UpdateStep.Seal;
        }
        var last = new FileInfo($"{slot}/fs/{FirmwareKinds.LastFile}");
        return last.Exists && last.Length == lastFileBytes ? UpdateStep.Verify : UpdateStep.Write;
    }

    /// <summary>SHA-256 of a slot's image against that of a firmware.</summary>
    public static bool HasImage(string slot, TestFirmware firmware) =>
        File.Exists(slot + "/image") && SHA256.HashData(File.ReadAllBytes(slot + "/image")).AsSpan().SequenceEqual(SHA256.HashData(firmware.Image));
}
