using System.Globalization;
using Meerkat.Core.Boot;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>
/// Updates of one device, one after the other. After each of them it is looked from outside at what must hold, whatever was done to
/// the device meanwhile.
/// </summary>
internal sealed class UpdateSeries(EnduranceDevice device, EnduranceReport report, Random chance)
{
    private const int MostDescriptorsMore = 8;
    private const double DiskLeewayKib = 256;

    private int? descriptors;
    private UserFiles user = null!;
    private double? diskKib;
    private int number;

    /// <summary>The firmware that was committed last.</summary>
    public TestFirmware Running { get; private set; } = FirmwareKind.Good.Firmware("1.0.0");

    /// <summary>Whether files are also written while a bundle comes and in a trial; before an update they always are.</summary>
    public bool WritesInLife { get; init; } = true;

    /// <summary>Called when files have been written that must not be lost.</summary>
    public Action Keep { get; init; } = () => { };

    /// <summary>Starts the device for the first time and gives it its user's files.</summary>
    public async Task BeginAsync()
    {
        device.Start();
        await device.UntilAsync("the new device runs", async () =>
            await device.StatusAsync() is { } status && (string?)status["phase"] == "idle" && device.Now().Firmware is not null);
        user = UserFiles.Put(device.FilesOf(0), chance);
        Keep();
    }

    /// <summary>An update that nobody disturbs: it is completed.</summary>
    public Task<UpdateAttempt> UndisturbedAsync() => UpdateAsync(FirmwareKind.Good, FirmwareKind.Good.Firmware(NextVersion()), null);

    public string NextVersion() => string.Create(CultureInfo.InvariantCulture, $"1.0.{++number}");

    /// <exception cref="ViolationException">The device broke a promise; the message says in which update, and after what.</exception>
    public async Task<UpdateAttempt> UpdateAsync(FirmwareKind kind, TestFirmware firmware, Func<UpdateAttempt, Task>? disturb)
    {
        var before = device.Record() ?? throw new ViolationException("both copies of the boot record are unreadable");
        var attempt = new UpdateAttempt(kind, firmware, Running, before);
        user.WriteInLife(device.FilesOf(attempt.Old.Number), attempt.Version + "-before", chance);
        Keep();
        var update = new DisturbedUpdate(device, attempt, user, WritesInLife, chance);
        try
        {
            await update.RunAsync(disturb is null ? null : () => disturb(attempt));
            LookAtEnd(attempt, update, disturb is not null);
            descriptors = attempt.BootWasKilled ? null : descriptors;
            if (disturb is null)
            {
                LookForGrowth();
            }
        }
        catch (ViolationException violation)
        {
            throw new ViolationException(
                $"update {attempt.Version} ({kind}), {(attempt.Disturbances.Count == 0 ? "undisturbed" : string.Join(", then ", attempt.Disturbances))}: "
                + $"{violation.Message}\n{device.LastWords}");
        }
        return attempt;
    }

    /// <summary>The device is at rest: what runs, what it holds, and whether what it told is true.</summary>
    private void LookAtEnd(UpdateAttempt attempt, DisturbedUpdate update, bool disturbed)
    {
        var record = device.Record() ?? throw new ViolationException("both copies of the boot record are unreadable");
        var stays = record.Active == attempt.Target;
        var reason = record.LastOutcome;
        if (stays)
        {
            Demand(attempt.Kind == FirmwareKind.Good && attempt.CommitAsked, $"{attempt.Version} is committed, and nobody asked for it");
            (Running, user) = (attempt.Firmware, update.InTrial!);
            report.Committed += disturbed ? 1 : 0;
        }
        else
        {
            Demand(!attempt.CommitAnswered, $"the commit of {attempt.Version} was answered with success, and {Running.Version} runs");
            if (reason != attempt.ReasonBefore)
            {
                Demand(reason is not null && reason.Version == attempt.Version, $"the reason is of {reason?.Version}, not of {attempt.Version}: {reason?.Text}");
                Demand(attempt.Reasons.Contains(reason!.Name), $"the reason is {reason.Name} ({reason.Text}); right would be {Words(attempt.Reasons)}");
                report.FellBack(reason.Name);
            }
            else
            {
                Demand(!attempt.Accepted, $"the update to {attempt.Version} was accepted, and {Running.Version} runs without a reason");
                Demand(disturbed, $"nobody disturbed the update to {attempt.Version}, and it was refused: {attempt.Refusal}");
            }
        }
        Demand(disturbed || stays || attempt.Kind != FirmwareKind.Good, $"nobody disturbed the update to {attempt.Version}, and it did not stay: {reason?.Text}");
        LookAtWhatRuns(record);
        LookAtStarts(attempt, stays);
        LookForLeftovers(record, attempt);
    }

    private void LookAtWhatRuns(BootRecord record)
    {
        var slot = record.Active.Number;
        Demand(UpdateAttempt.HasImage(device.PathOf($"slots/{slot}"), Running), $"slots/{slot}/image is not that of {Running.Version}");
        var difference = user.Difference(device.FilesOf(slot), Running);
        Demand(difference.Length == 0, difference);
        var firmware = device.Now().Firmware ?? 0;
        var (version, number) = (ProcessLook.Variable(firmware, "MEERKAT_VERSION"), ProcessLook.Variable(firmware, "MEERKAT_SLOT"));
        Demand(
            version == Running.Version && number == record.Active.ToString(),
            $"the firmware's process is {version} of slot {number}, not {Running.Version} of slot {slot}");
    }

    /// <summary>One attempt is one start; and without a commit there is no start outside of a trial.</summary>
    private void LookAtStarts(UpdateAttempt attempt, bool stays)
    {
        var (trials, others) = (device.Starts(attempt.Version, trial: true), device.Starts(attempt.Version, trial: false));
        Demand(trials <= 1, $"{attempt.Version} was on trial {trials} times");
        Demand(stays || others == 0, $"{attempt.Version} was never committed, and was started {others} times outside of its trial");
    }

    private void LookForLeftovers(BootRecord record, UpdateAttempt attempt)
    {
        var other = record.Active.Other;
        // What an agent alone leaves half written goes with the next update, or at the next boot.
        Demand(
            record[other].MayStart || (record[other].State == SlotState.Empty && !attempt.BootWasKilled) || !Directory.Exists(device.PathOf($"slots/{other}")),
            $"slots/{other} is {record[other].State}, and its files are still there");
        var temporary = Directory.EnumerateFileSystemEntries(device.PathOf($"slots/{record.Active}/tmp")).FirstOrDefault();
        Demand(temporary is null, $"{temporary} was left by a merge");
        var all = device.Now();
        // A firmware may have children; what belongs to an earlier boot loader, or to another firmware, should have ended.
        var strangers = ProcessLook.Of(device.Root).Where(process =>
            ProcessLook.Variable(process, "MEERKAT_LIFE") is { } life && !life.StartsWith($"{all.Boot}:", StringComparison.Ordinal)
            || ProcessLook.Variable(process, "MEERKAT_VERSION") is { } version && version != Running.Version).ToList();
        Demand(strangers.Count == 0, $"there are further processes of the device: {Words(strangers.Select(id => $"{id} {ProcessLook.Program(id)}"))}");
    }

    /// <summary>After an update that nobody disturbed.</summary>
    private void LookForGrowth()
    {
        var unfinished = Directory.EnumerateFiles(device.Root, "*.new", SearchOption.AllDirectories).FirstOrDefault();
        Demand(unfinished is null, $"{unfinished} is a file that was not finished");
        var sockets = Directory.GetFiles(device.PathOf("run"), "notify-*.sock");
        Demand(sockets.Length <= 2, $"run/ holds {sockets.Length} notify sockets: {Words(sockets.Select(Path.GetFileName)!)}");
        // The agent is another after each update.
        var open = Directory.GetFiles($"/proc/{device.Now().Boot}/fd").Length;
        descriptors ??= open;
        Demand(open <= descriptors + MostDescriptorsMore, $"the boot loader had {descriptors} descriptors open after its first update, and has {open}");
        // What the firmware itself keeps in data/ is its own affair.
        foreach (var path in Directory.GetFiles(device.PathOf("data"), "config-*"))
        {
            File.Delete(path);
        }
        var disk = new[] { "boot", "run", "slots" }.Sum(name => new DirectoryInfo(device.PathOf(name))
            .EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.LinkTarget is null ? file.Length : 0)) / 1024.0;
        // Files written in life come and go, up to some size.
        diskKib ??= disk;
        Demand(disk <= diskKib + DiskLeewayKib, $"the device took {diskKib:0} KiB after the first updates, and takes {disk:0}");
    }

    private static void Demand(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ViolationException(otherwise);
        }
    }

    private static string Words(IEnumerable<string> words) => string.Join(", ", words);
}
