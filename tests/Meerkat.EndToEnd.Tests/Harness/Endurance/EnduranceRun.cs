using System.Globalization;
using Meerkat.Core.Boot;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>
/// Updates whose programs are killed with SIGKILL, one after the other on one device, each followed by one that nobody disturbs.
/// After every recovery it is looked from outside at what must hold.
/// </summary>
internal sealed class EnduranceRun(EnduranceDevice device, EnduranceOptions options)
{
    private const int MostDescriptorsMore = 8;
    private const double DiskLeewayKib = 256;

    private readonly Random chance = new(options.Seed);
    private readonly Dictionary<int, int> descriptors = [];
    private UserFiles user = null!;
    private TestFirmware running = FirmwareKind.Good.Firmware("1.0.0");
    private double? diskKib;
    private int number;

    public EnduranceReport Report { get; } = new();

    /// <summary>Pinned settings of a device for such a run, with its factory firmware.</summary>
    public static Task<EnduranceDevice> MakeDeviceAsync(string root, Func<string, string> program, EnduranceOptions options) =>
        EnduranceDevice.MakeAsync(
            root, program, FirmwareKind.Good.Firmware("1.0.0"),
            string.Create(CultureInfo.InvariantCulture, $"boot.ready_timeout={options.ReadyTimeoutSeconds}"));

    /// <exception cref="ViolationException">The device broke a promise; the message says in which update, and after which kills.</exception>
    public async Task RunAsync()
    {
        device.Start();
        await device.UntilAsync("the new device runs", async () =>
            await device.StatusAsync() is { } status && (string?)status["phase"] == "idle" && device.Now().Firmware is not null);
        user = UserFiles.Put(device.FilesOf(0), chance);
        for (var update = 1; update <= options.Updates; update++)
        {
            var first = KillPlan.Choose(chance, Report);
            var kind = first.Wanted == UpdateStep.FallBack
                ? Unlike(options.Kinds, FirmwareKind.Good)
                : first.Wanted == UpdateStep.Commit ? FirmwareKind.Good : options.Kinds[chance.Next(options.Kinds.Count)];
            KillPlan[] kills = chance.Next(5) == 0 ? [first, KillPlan.Again(chance)] : [first];
            var attempt = await UpdateAsync(kind, kills);
            Report.Disturbed++;
            options.Say($"{update} of {options.Updates}: {attempt.Version} {attempt.Kind}, killed {string.Join(", then ", attempt.Kills)}; now {running.Version} runs");

            await UpdateAsync(FirmwareKind.Good, []);
            Report.Completed++;
        }
    }

    private FirmwareKind Unlike(IReadOnlyList<FirmwareKind> kinds, FirmwareKind one)
    {
        var others = kinds.Where(kind => kind != one).ToList();
        return others[chance.Next(others.Count)];
    }

    private async Task<UpdateAttempt> UpdateAsync(FirmwareKind kind, KillPlan[] kills)
    {
        var before = device.Record() ?? throw new ViolationException("both copies of the boot record are unreadable");
        var attempt = new UpdateAttempt(kind, $"1.0.{++number}", running, before);
        user.WriteInLife(device.FilesOf(attempt.Old.Number), attempt.Version + "-before", chance);
        var update = new DisturbedUpdate(device, attempt, user, Report, chance);
        try
        {
            await update.RunAsync(kills);
            LookAtEnd(attempt, update, kills.Length > 0);
            if (kills.Length == 0)
            {
                LookForGrowth();
            }
        }
        catch (ViolationException violation)
        {
            throw new ViolationException(
                $"update {attempt.Version} ({kind}), killed: {(attempt.Kills.Count == 0 ? "nothing" : string.Join(", then ", attempt.Kills))}: "
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
            (running, user) = (attempt.Firmware, update.InTrial!);
            Report.Committed += disturbed ? 1 : 0;
        }
        else
        {
            Demand(!attempt.CommitAnswered, $"the commit of {attempt.Version} was answered with success, and {running.Version} runs");
            if (reason != attempt.ReasonBefore)
            {
                Demand(reason is not null && reason.Version == attempt.Version, $"the reason is of {reason?.Version}, not of {attempt.Version}: {reason?.Text}");
                Demand(attempt.Reasons.Contains(reason!.Name), $"the reason is {reason.Name} ({reason.Text}); right would be {Words(attempt.Reasons)}");
                Report.FellBack(reason.Name);
            }
            else
            {
                Demand(!attempt.Accepted, $"the update to {attempt.Version} was accepted, and {running.Version} runs without a reason");
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
        Demand(UpdateAttempt.HasImage(device.PathOf($"slots/{slot}"), running), $"slots/{slot}/image is not that of {running.Version}");
        var difference = user.Difference(device.FilesOf(slot), running);
        Demand(difference.Length == 0, difference);
        var firmware = device.Now().Firmware ?? 0;
        var (version, number) = (ProcessLook.Variable(firmware, "MEERKAT_VERSION"), ProcessLook.Variable(firmware, "MEERKAT_SLOT"));
        Demand(
            version == running.Version && number == record.Active.ToString(),
            $"the firmware's process is {version} of slot {number}, not {running.Version} of slot {slot}");
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
        var strangers = ProcessLook.Of(device.Root).Except(all.All).ToList();
        Demand(strangers.Count == 0, $"there are further processes of the device: {Words(strangers.Select(id => $"{id} {ProcessLook.Program(id)}"))}");
    }

    /// <summary>After an update that nobody disturbed.</summary>
    private void LookForGrowth()
    {
        var unfinished = Directory.EnumerateFiles(device.Root, "*.new", SearchOption.AllDirectories).FirstOrDefault();
        Demand(unfinished is null, $"{unfinished} is a file that was not finished");
        var sockets = Directory.GetFiles(device.PathOf("run"), "notify-*.sock");
        Demand(sockets.Length <= 2, $"run/ holds {sockets.Length} notify sockets: {Words(sockets.Select(Path.GetFileName)!)}");
        foreach (var process in new[] { device.Now().Boot, device.Now().Agent }.OfType<int>())
        {
            var open = Directory.GetFiles($"/proc/{process}/fd").Length;
            var first = descriptors.GetValueOrDefault(process, open);
            descriptors[process] = first;
            Demand(open <= first + MostDescriptorsMore, $"{ProcessLook.Program(process)} had {first} descriptors open, and has {open}");
        }
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
