using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Bench.PowerCut;

/// <summary>
/// Cuts the power of a real disk at every flush: records the writes of a device's life, makes of every prefix of them the disks that a
/// cut could leave, and boots each.
/// </summary>
internal sealed class PowerCutBench(Bench bench, Machine machine, Firmware firmware, WriteLog log, string type)
{
    private const int Workers = 2;

    /// <summary>Of so many disks, with what is lost chosen by chance, one is started with the real programs; and the first after every mark.</summary>
    private const int StartEvery = 10;

    private static readonly TimeSpan ShowEvery = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly List<(int Flush, Loss Loss, string Heard, string What)> violations = [];
    private int images;
    private int started;
    private int repaired;

    /// <param name="Flush">How many flushes were done before the cut.</param>
    /// <param name="Loss">What became of the writes since.</param>
    /// <param name="Start">Whether the programs are really started on it.</param>
    private sealed record Cut(int Flush, Loss Loss, bool Start);

    public static Command Command()
    {
        var quick = new Option<bool>("--quick") { Description = "Every eighth flush, and those around an answer" };
        var recorded = new Option<bool>("--recorded") { Description = "Check the last recording again, without the machine" };
        var replay = new Option<string?>("--replay") { Description = "One disk alone, N:LOSS as a violation names it, of the last recording", HelpName = "N:LOSS" };
        var sabotage = new Option<string?>("--sabotage") { Description = "Run programs in the machine that do not flush; must end with a violation" };
        sabotage.AcceptOnlyFromAmong("no-file-flush", "no-directory-flush");
        var work = new Option<string?>("--work") { Description = "Where recordings are kept. Default: bench/obj/powercut" };
        var type = new Option<string>("--file-system") { Description = "ext4 or ext3", DefaultValueFactory = _ => "ext4" };
        type.AcceptOnlyFromAmong("ext4", "ext3");
        var command = new Command("powercut", """
            Lives a device's life on a disk in QEMU, logs every write, and boots what a cut of the power at every flush could have left.
            Exit code 1 when anything does not hold.

            Examples:
              bench/powercut --quick
              bench/powercut
              bench/powercut --replay 93:torn-1-2
              bench/powercut --sabotage no-file-flush --quick
            """)
        {
            quick, recorded, replay, sabotage, work, type, Bench.DirOption, Bench.ProgramsOption, Bench.JsonOption,
        };
        command.SetAction(async (parsed, _) =>
        {
            using var bench = new Bench(parsed);
            var fileSystem = parsed.GetValue(type)!;
            var parent = Path.GetFullPath(parsed.GetValue(work) ?? Path.Combine(Bench.Repository, "bench/obj/powercut"));
            var folder = Path.Combine(parent, fileSystem + (parsed.GetValue(sabotage) is { } kind ? "-" + kind : ""));
            var machine = new Machine(folder);
            var again = parsed.GetValue(recorded) || parsed.GetValue(replay) is not null;
            if (again && !machine.IsRecorded)
            {
                throw new BenchException($"there is no recording in {folder}; run bench/powercut without --recorded and --replay first");
            }
            if (!again)
            {
                await machine.RecordAsync(await ProgramsAsync(bench, parsed.GetValue(sabotage), folder), fileSystem);
            }
            var cuts = new PowerCutBench(bench, machine, new Firmware(folder), WriteLog.Read(machine.Log, Machine.FirstMark), fileSystem);
            return parsed.GetValue(replay) is { } one ? await cuts.ReplayAsync(one) : await cuts.AllAsync(parsed.GetValue(quick));
        });
        return command;
    }

    private static async Task<string> ProgramsAsync(Bench bench, string? sabotage, string folder)
    {
        if (sabotage is null)
        {
            return Path.GetDirectoryName(bench.Program("meerkat"))!;
        }
        var programs = Path.Combine(folder, "programs");
        Bench.Progress($"building programs with {sabotage} ...");
        await Run.CheckedAsync(
            Path.Combine(Bench.Repository, "bench/sabotage-build"), [sabotage["no-".Length..], programs, "--native"]);
        return programs;
    }

    private async Task<int> AllAsync(bool quick)
    {
        var begun = Stopwatch.GetTimestamp();
        var shown = begun;
        var (disk, life) = (DiskImage.Read(machine.Start, Machine.DiskBytes), new Life());
        var (points, count) = (0, 0);
        for (var flush = 0; flush < log.Intervals.Count; flush++)
        {
            var interval = log.Intervals[flush];
            interval.Marks.ToList().ForEach(life.Hear);
            var told = interval.Marks.Count > 0;
            if (!quick || told || flush % 8 == 0)
            {
                var cuts = Loss.Of(interval, quick).Select((loss, index) => new Cut(
                    flush, loss, life.IsMade && ((index == 0 && told) || ++count % StartEvery == 0))).ToList();
                points++;
                await Parallel.ForEachAsync(
                    cuts, new ParallelOptions { MaxDegreeOfParallelism = Workers },
                    async (each, _) => await TryAsync(disk, interval, life, each));
            }
            new Loss("all").Apply(interval, disk);
            if (Stopwatch.GetElapsedTime(shown) > ShowEvery)
            {
                shown = Stopwatch.GetTimestamp();
                Progress(flush, Stopwatch.GetElapsedTime(begun));
            }
        }
        // The log must tell all: what is not in it could not be lost.
        if (!DiskImage.Read(machine.End, Machine.DiskBytes).Same(disk, Machine.FirstMark))
        {
            throw new BenchException($"the log replayed to its end is not the disk that the machine left; {machine.Log} cannot be relied on");
        }
        return Report(points, Stopwatch.GetElapsedTime(begun));
    }

    private async Task<int> ReplayAsync(string one)
    {
        var words = one.Split(':');
        if (!int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var flush) || flush >= log.Intervals.Count || words.Length > 2)
        {
            throw new BenchException($"expected N or N:LOSS with N below {log.Intervals.Count}, found {one}");
        }
        var (disk, life) = (DiskImage.Read(machine.Start, Machine.DiskBytes), new Life());
        for (var before = 0; before < flush; before++)
        {
            log.Intervals[before].Marks.ToList().ForEach(life.Hear);
            new Loss("all").Apply(log.Intervals[before], disk);
        }
        log.Intervals[flush].Marks.ToList().ForEach(life.Hear);
        await TryAsync(disk, log.Intervals[flush], life, new Cut(flush, new Loss(words.ElementAtOrDefault(1) ?? "none"), life.IsMade));
        return Report(1, TimeSpan.Zero);
    }

    /// <summary>One disk that a cut could leave.</summary>
    private async Task TryAsync(DiskImage before, WriteLog.Interval interval, Life life, Cut cut)
    {
        var disk = before.Copy();
        cut.Loss.Apply(interval, disk);
        var folder = Directory.CreateDirectory(bench.PathOf($"d{Interlocked.Increment(ref images)}")).FullName;
        try
        {
            var wrong = await BootAsync(disk, folder, life, cut.Start);
            if (wrong is not null)
            {
                lock (gate)
                {
                    violations.Add((cut.Flush, cut.Loss, life.Last, wrong));
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<string?> BootAsync(DiskImage disk, string folder, Life life, bool start)
    {
        var tree = new Tree(firmware, life);
        try
        {
            await using (var mount = await Mount.OpenAsync(disk, folder, type))
            {
                Interlocked.Add(ref repaired, mount.Repaired ? 1 : 0);
                // Before the device is made nothing has been promised but a whole file system.
                var wrong = life.IsMade ? tree.Boot(Path.Combine(mount.Folder, "device")) : null;
                if ((wrong ??= await mount.CheckAsync()) is not null || !start)
                {
                    return wrong;
                }
            }
            await using var again = await Mount.OpenAsync(disk, folder, type);
            return await StartAsync(again, tree) ?? await again.CheckAsync();
        }
        catch (BenchException fault)
        {
            return fault.Message;
        }
    }

    private async Task<string?> StartAsync(Mount mount, Tree tree)
    {
        const string next = "5.0.0";
        var root = Path.Combine(mount.Folder, "device");
        using var device = new StartedDevice(bench, root);
        Interlocked.Increment(ref started);
        string? wrong;
        try
        {
            // 3.0.0 crashes in its trial: what must come up is what it falls back to.
            wrong = await device.TakesAsync(tree.Starts is (RunMode.Trial, "3.0.0") ? "2.0.0" : tree.Starts.Version, firmware.Bundle(next), next);
        }
        finally
        {
            await device.StopAsync();
        }
        var slot = new SlotId(firmware.VersionOf(Path.Combine(root, "slots/0/image")) == next ? 0 : 1);
        wrong ??= tree.WrongFiles(root, slot, next);
        return wrong is null ? null : $"started: {wrong}; the boot loader said: {device.LastWords()}";
    }

    private void Progress(int flush, TimeSpan elapsed)
    {
        const int width = 30;
        var part = (double)(flush + 1) / log.Intervals.Count;
        var bar = new string('#', (int)(part * width)).PadRight(width, '.');
        Bench.Progress(string.Create(
            CultureInfo.InvariantCulture,
            $"[{bar}] flush {flush + 1} of {log.Intervals.Count}, {images} disks, {started} started, {violations.Count} violations, {elapsed.TotalSeconds / part * (1 - part):0} s to go"));
    }

    private int Report(int points, TimeSpan elapsed)
    {
        Bench.EndProgress();
        var held = violations.Count == 0;
        if (bench.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new
                {
                    flushes = log.Intervals.Count, points, images, repaired, started, seconds = elapsed.TotalSeconds, held,
                    violations = violations.Select(each => new { replay = $"{each.Flush}:{each.Loss.Name}", heard = each.Heard, what = each.What }),
                },
                JsonText.Options));
            return held ? 0 : 1;
        }
        foreach (var (flush, loss, heard, what) in violations.OrderBy(each => each.Flush).Take(10))
        {
            Console.WriteLine($"VIOLATION after \"{heard}\": {what}");
            Console.WriteLine($"  again: bench/powercut --replay {flush}:{loss.Name}");
        }
        var table = new Table("flush points", "of", "disks", "repaired first", "started", "violations", "seconds");
        table.Add([.. new[] { points, log.Intervals.Count, images, repaired, started, violations.Count, (int)elapsed.TotalSeconds }
            .Select(number => number.ToString(CultureInfo.InvariantCulture))]);
        table.Print();
        Console.WriteLine(held ? "Everything held." : "NOT everything held.");
        return held ? 0 : 1;
    }
}
