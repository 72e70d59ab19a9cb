using System.Globalization;
using System.Text.RegularExpressions;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>
/// Updates on a file system that runs full, goes read-only or fails in the middle of them. While it does something good runs; when it
/// has been put right, the next update is completed.
/// </summary>
internal sealed partial class HostileRun(EnduranceDevice device, HostileDisk disk, EnduranceOptions options, EnduranceReport report)
{
    private static readonly int[] Left = [0, 0, 4096, 16_384, 65_536, 300_000];

    /// <summary>The firmware of such runs; a kind that stands twice comes twice as often.</summary>
    public static readonly FirmwareKind[] Kinds =
    [
        FirmwareKind.Good, FirmwareKind.Good, FirmwareKind.Good, FirmwareKind.Crashes, FirmwareKind.Reverted, FirmwareKind.NeverCommitted,
        FirmwareKind.FillsTheDisk,
    ];

    /// <summary>Reasons that are right where a medium fails, besides the firmware's own.</summary>
    private static readonly string[] MediumReasons =
        ["merge_failed", "record_not_writable", "boot_loader_stopped", "start_failed", "new_image_broken", "signaled"];

    private readonly Random chance = new(options.Seed);
    private readonly Queue<UpdateStep> toCome = [];

    /// <summary>What refused updates were answered.</summary>
    public SortedSet<string> Refusals { get; } = new(StringComparer.Ordinal);

    public static Task<EnduranceDevice> MakeDeviceAsync(HostileDisk disk, Func<string, string> program, EnduranceOptions options) =>
        EnduranceRun.MakeDeviceAsync(disk.Root, program, options);

    /// <exception cref="ViolationException">The device broke a promise.</exception>
    public async Task RunAsync()
    {
        var series = new UpdateSeries(device, report, chance) { WritesInLife = false, Keep = disk.Flush };
        await series.BeginAsync();
        var name = Name(disk.Trouble);
        for (var update = 1; update <= options.Updates; update++)
        {
            var wanted = NextStep();
            var kind = options.KindFor(wanted, chance);
            var wait = TimeSpan.FromMilliseconds(5) * chance.NextDouble();
            var left = Left[chance.Next(Left.Length)];
            var attempt = await series.UpdateAsync(
                kind, kind.Firmware(series.NextVersion()), attempt => TroubleAsync(attempt, series.Running, wanted, wait, left));
            report.Updates++;
            options.Say($"{name}, {update} of {options.Updates}: {attempt.Version} {kind}, {string.Join(", then ", attempt.Disturbances)}; now {series.Running.Version} runs");
            await series.UndisturbedAsync();
            report.Completed++;
        }
    }

    /// <summary>Each in turn, in another order every time; some are over too soon on some file systems to be met.</summary>
    private UpdateStep NextStep()
    {
        if (toCome.Count == 0)
        {
            var steps = EnduranceReport.Steps.ToArray();
            chance.Shuffle(steps);
            steps.ToList().ForEach(toCome.Enqueue);
        }
        return toCome.Dequeue();
    }

    public static string Name(DiskTrouble trouble) => trouble switch
    {
        DiskTrouble.TmpfsFull => "tmpfs full",
        DiskTrouble.Ext4Full => "ext4 full",
        DiskTrouble.Ext4ReadOnly => "ext4 read-only",
        DiskTrouble.FlushFails => "flush fails",
        DiskTrouble.MediumFails => "EIO",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private async Task TroubleAsync(UpdateAttempt attempt, TestFirmware running, UpdateStep wanted, TimeSpan wait, int left)
    {
        attempt.AwaitStep(device, wanted, wait);
        var frozen = device.Freeze();
        var step = attempt.StepOn(device, device.Record());
        disk.Begin(left);
        EnduranceDevice.Continue(frozen);
        report.Disturbed(step, Name(disk.Trouble));
        attempt.Disturbances.Add(string.Create(CultureInfo.InvariantCulture, $"{Name(disk.Trouble)} in {step}, {left} bytes left"));
        attempt.Reasons.UnionWith(MediumReasons);
        attempt.BootWasKilled |= disk.NeedsRepair;
        try
        {
            await device.UntilAsync(
                "something good runs on the failing medium", () => Task.FromResult(GoodRuns(attempt, running, frozen.Firmware)));
            LookAtWhatRuns(attempt, running);
            LookAtRefusal(attempt);
        }
        finally
        {
            if (disk.NeedsRepair)
            {
                await device.KillEverythingAsync();
            }
            disk.End();
            if (disk.NeedsRepair)
            {
                device.Start();
            }
        }
    }

    /// <summary>What the record says; where nothing can be written to it, the firmware from before, started anew or never ended.</summary>
    private bool GoodRuns(UpdateAttempt attempt, TestFirmware running, int? before)
    {
        if (!attempt.PushEnded || device.Now().Firmware is not { } firmware || device.Record() is not { } record)
        {
            return false;
        }
        var version = ProcessLook.Variable(firmware, "MEERKAT_VERSION");
        return record.Committed ? version == record[record.Active].Version.Version : version == running.Version && firmware != before;
    }

    private void LookAtWhatRuns(UpdateAttempt attempt, TestFirmware running)
    {
        if (device.Now().Firmware is { } firmware && ProcessLook.Variable(firmware, "MEERKAT_SLOT") is { } slot)
        {
            var version = ProcessLook.Variable(firmware, "MEERKAT_VERSION");
            var expected = version == attempt.Version ? attempt.Firmware : running;
            if (version != expected.Version || !UpdateAttempt.HasImage(device.PathOf("slots/" + slot), expected))
            {
                throw new ViolationException($"on the failing medium {version} of slot {slot} runs, whose image is not whole");
            }
        }
    }

    private void LookAtRefusal(UpdateAttempt attempt)
    {
        if (attempt.Refusal.Length > 0)
        {
            var words = attempt.Refusal[(attempt.Refusal.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..].Trim();
            if (!Words().IsMatch(words))
            {
                throw new ViolationException($"the update was refused without words: {attempt.Refusal}");
            }
            Refusals.Add(words);
        }
    }

    [GeneratedRegex("^-?[0-9]+ [a-zA-Z]{3,}.* .*")]
    private static partial Regex Words();
}
