using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Meerkat.Bench;

/// <summary>
/// Times of a boot by three clocks that are one (CLOCK_MONOTONIC): the bench's own before it starts the boot loader, the arrival
/// of the boot loader's line that tells its decision, and the firmware's word about its first instruction.
/// </summary>
internal sealed class BootBench(Bench bench, BenchDevice device)
{
    private const double StartBudgetSeconds = 0.050;
    private const int LargeImageMib = 256;
    private const int IdleSeconds = 20;

    /// <summary>What the kernel's own count, in hundredths of a second, shows as nothing.</summary>
    private const double IdleBudgetSeconds = 0.010;
    private const double Milli = 0.001;

    private sealed record Start(double ToDecision, double ToFirmware)
    {
        public double All => ToDecision + ToFirmware;
    }

    private sealed record Merge(double Seconds, double CopySeconds)
    {
        public double Ratio => Seconds / CopySeconds;
    }

    private sealed record Idle(double Boot, double Agent);

    public static Command Command()
    {
        var runs = new Option<int>("--runs", "-n") { Description = "Starts with each image, and merges", DefaultValueFactory = _ => 5 };
        var files = new Option<int>("--files") { Description = "Files to merge, 4 KiB each", DefaultValueFactory = _ => 10_000 };
        var command = new Command("boot", """
            Measures boots: from the start of the boot loader to its decision and to the first instruction of the firmware, with a small and with a
            large image (the difference is the digest); the merge of many files against cp -a and sync of the same tree; the processor time of a
            device that has nothing to do. Exit code 1 when a budget is missed.

            Examples:
              bench/boot
              bench/boot --files 1000 --dir /mnt/sdcard
            """)
        {
            runs, files, Bench.DirOption, Bench.ProgramsOption, Bench.JsonOption,
        };
        command.SetAction(async (parsed, _) =>
        {
            using var bench = new Bench(parsed);
            return await RunAsync(bench, parsed.GetValue(runs), parsed.GetValue(files));
        });
        return command;
    }

    private static async Task<int> RunAsync(Bench bench, int runs, int files)
    {
        var firmware = await bench.CompileAsync("firmware");
        var small = await bench.BundleAsync(firmware, null, "1.0.0");
        var large = await bench.BundleAsync(ImageFile.Padded(bench, firmware, LargeImageMib), null, "2.0.0");
        using var device = await BenchDevice.MakeAsync(bench, small);
        var boot = new BootBench(bench, device);
        var smallStarts = await boot.StartsAsync("small image", runs);
        device.Start();
        await device.AnswersAsync();
        var idle = await boot.IdleAsync();
        var peakKib = ProcessLook.PeakKib(device.BootLoader);
        var merges = await boot.MergesAsync(small, runs, files);
        var mergePeakKib = ProcessLook.PeakKib(device.BootLoader);
        await boot.UpdateAsync(large);
        await device.StopAsync();
        var largeStarts = await boot.StartsAsync("large image", runs);
        return boot.Report(smallStarts, largeStarts, idle, merges, files, peakKib, mergePeakKib);
    }

    private async Task<List<Start>> StartsAsync(string what, int runs)
    {
        var starts = new List<Start>();
        for (var run = 0; run <= runs; run++)
        {
            Bench.Progress(run == 0 ? $"warming up: {what}" : $"start {run} of {runs}, {what}");
            var began = device.Start();
            var firmware = await device.FirmwareStartedAsync(began);
            var decided = await device.SaidAsync("rule Committed: Run", began);
            if (run > 0)
            {
                starts.Add(new Start(Between(began, decided), Between(decided, firmware)));
            }
            await device.AnswersAsync();
            await device.StopAsync();
        }
        return starts;
    }

    private async Task<Idle> IdleAsync()
    {
        var (boot, agent) = (device.BootLoader, device.Agent);
        // Whatever a start leaves to be done is done when nothing was for a second.
        for (var last = -1.0; last < ProcessLook.Processor(boot) + ProcessLook.Processor(agent);)
        {
            last = ProcessLook.Processor(boot) + ProcessLook.Processor(agent);
            await Task.Delay(TimeSpan.FromSeconds(1));
        }
        Bench.Progress($"idle, {IdleSeconds} s");
        var before = new Idle(ProcessLook.OnProcessor(boot), ProcessLook.OnProcessor(agent));
        await Task.Delay(TimeSpan.FromSeconds(IdleSeconds));
        return new Idle(ProcessLook.OnProcessor(boot) - before.Boot, ProcessLook.OnProcessor(agent) - before.Agent);
    }

    /// <summary>Each merge carries the tree to the other slot, from where the next one takes it.</summary>
    private async Task<List<Merge>> MergesAsync(string bundle, int runs, int files)
    {
        Bench.Progress($"making {files} files");
        MakeTree(Path.Combine(device.Root, $"slots/{await SlotAsync()}/fs/tree"), files);
        var merges = new List<Merge>();
        for (var run = 0; run <= runs; run++)
        {
            Bench.Progress(run == 0 ? "warming up: merge" : $"merge {run} of {runs}");
            var tree = Path.Combine(device.Root, $"slots/{await SlotAsync()}/fs/tree");
            var copy = bench.PathOf("copy");
            await Run.CheckedAsync("sync", []);
            var copied = await Run.CheckedAsync("sh", ["-c", "cp -a \"$1\" \"$2\" && sync -f \"$2\"", "sh", tree, copy]);
            Directory.Delete(copy, recursive: true);
            await Run.CheckedAsync("sync", []);
            var began = Stopwatch.GetTimestamp();
            await UpdateAsync(bundle);
            var first = await device.SaidAsync("merge first", began);
            var decided = await device.SaidAsync("rule FirstBoot: StartTrial", first + 1);
            if (run > 0)
            {
                merges.Add(new Merge(Between(first, decided), copied.Elapsed.TotalSeconds));
            }
        }
        return merges;
    }

    private static void MakeTree(string tree, int files)
    {
        const int inOneFolder = 100;
        for (var file = 0; file < files; file++)
        {
            var folder = Directory.CreateDirectory(Path.Combine(tree, $"{file / inOneFolder}")).FullName;
            File.WriteAllBytes(Path.Combine(folder, $"{file % inOneFolder}"), RandomNumberGenerator.GetBytes(4096));
        }
    }

    private async Task UpdateAsync(string bundle)
    {
        var target = 1 - await SlotAsync();
        await device.PushAsync(bundle);
        await device.CommitAsync(target);
    }

    private async Task<int> SlotAsync() => (int)(await device.StatusAsync())["running_slot"]!;

    private static double Between(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalSeconds;

    private int Report(List<Start> small, List<Start> large, Idle idle, List<Merge> merges, int files, long peakKib, long mergePeakKib)
    {
        Bench.EndProgress();
        var slowest = Math.Max(Of(small, start => start.ToFirmware).Median, Of(large, start => start.ToFirmware).Median);
        var (quick, still) = (slowest < StartBudgetSeconds, idle.Boot + idle.Agent < IdleBudgetSeconds);
        if (bench.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new { small, large, idleSeconds = IdleSeconds, idle, files, merges, peakKib, mergePeakKib, met = quick && still }, JsonText.Options));
            return quick && still ? 0 : 1;
        }
        var table = new Table("start, ms", "to the decision", "decision to firmware", "all", "budget");
        Add(table, "small image", small);
        Add(table, $"{LargeImageMib} MiB image", large);
        table.Print();
        Console.WriteLine(Invariant(
            $"Merge of {files} files: {Of(merges, each => each.Seconds).Show("0.00")} s; cp -a and sync {Of(merges, each => each.CopySeconds).Show("0.00")} s; ratio {Of(merges, each => each.Ratio).Show("0.00")}"));
        Console.WriteLine(Invariant(
            $"Idle for {IdleSeconds} s: boot loader {idle.Boot / Milli:0.0} ms, agent {idle.Agent / Milli:0.0} ms of processor; budget 0 (under {IdleBudgetSeconds / Milli:0} ms) {Met(still)}"));
        Console.WriteLine(Invariant($"Boot loader's peak memory: {peakKib / 1024.0:0.0} MiB after a start, {mergePeakKib / 1024.0:0.0} MiB after the merges"));
        return quick && still ? 0 : 1;
    }

    private static void Add(Table table, string image, List<Start> starts) => table.Add(
        image,
        Of(starts, start => start.ToDecision).Show("0.0", Milli),
        Of(starts, start => start.ToFirmware).Show("0.0", Milli),
        Of(starts, start => start.All).Show("0.0", Milli),
        Invariant($"{StartBudgetSeconds / Milli:0} {Met(Of(starts, start => start.ToFirmware).Median < StartBudgetSeconds)}"));

    private static Samples Of<T>(List<T> all, Func<T, double> value) => Samples.Of(all.Select(value));

    private static string Met(bool met) => met ? "met" : "MISSED";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
