using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Meerkat.Bench;

/// <summary>
/// Many updates in a row on one device, under one boot loader, with small native firmware in two versions. What is looked at
/// before and after says whether anything grows.
/// </summary>
internal sealed class EnduranceBench(Bench bench, BenchDevice device, IReadOnlyList<string> bundles)
{
    /// <summary>Until then caches fill and the runtime settles.</summary>
    private const int WarmUp = 100;

    private const int LeastUpdates = 10;
    private const int StandardUpdates = 1000;

    /// <summary>Between two full collections memory goes up and down by 1.6 MiB, over hundreds of updates; a leak goes on beyond it.</summary>
    private const double MemoryLeewayKib = 2048;

    /// <summary>Memory is the median after so many updates.</summary>
    private const int Window = 50;
    private const double ResidentLeewayKib = 2048;
    private const double DiskLeewayKib = 256;
    private const double LogLimitKib = 2 * 1024 + 64;

    private static readonly TimeSpan ShowEvery = TimeSpan.FromSeconds(1);

    private readonly List<double> own = [];

    /// <param name="Updates">How many had been done.</param>
    /// <param name="DiskKib">Blocks of all files of the device but its logs.</param>
    /// <param name="LargestLogKib">A log with the older one that it was moved to.</param>
    /// <param name="OwnKib">Resident memory of the boot loader that is its own; pages of its program come and go as the kernel likes.</param>
    /// <param name="ResidentKib">All resident memory of the boot loader.</param>
    /// <param name="Descriptors">Open in the boot loader.</param>
    /// <param name="Threads">Of the boot loader.</param>
    /// <param name="Processes">Below the boot loader.</param>
    /// <param name="Files">Of the device.</param>
    private sealed record Look(
        int Updates, double DiskKib, double LargestLogKib, double OwnKib, double ResidentKib, double Descriptors, double Threads, double Processes, double Files);

    public static Command Command()
    {
        var kill = new Option<bool>("--kill") { Description = "Kill the device's programs at every step of the updates, and look at what holds afterwards" };
        var hostile = new Option<bool>("--hostile") { Description = "Let the file system fail at every step of the updates, and look at what holds afterwards" };
        var seed = new Option<int?>("--seed") { Description = "With --kill or --hostile: the choices of an earlier run. Default: others each time" };
        var count = new Option<int?>("--updates", "-n") { Description = "How many. Default: 1000; 200 with --kill; 26 on each file system with --hostile" };
        count.Validators.Add(given =>
        {
            if (given.GetValueOrDefault<int?>() < LeastUpdates)
            {
                given.AddError($"expected at least {LeastUpdates} updates: fewer show no growth.");
            }
        });
        var command = new Command("endurance", """
            Does many updates in a row, each pushed, tried and committed, and compares disk, memory, descriptors, threads, processes and logs before
            and after. Exit code 1 when something grows.
            With --kill: boot loader, agent and firmware are killed with SIGKILL, alone and together, at every step of slow updates to good and bad
            firmware; each such update is followed by one that nobody disturbs. Exit code 1 when the device breaks a promise
            (docs/reliability-endurance.md).
            With --hostile: the same on small file systems that run full, go read-only or refuse to write in the middle of an update. Needs root.

            Examples:
              bench/endurance
              bench/endurance -n 100 --dir /mnt/sdcard
              bench/endurance --kill
              bench/endurance --kill --updates 20 --seed 4711
              bench/endurance --hostile
            """)
        {
            count, kill, hostile, seed, Bench.DirOption, Bench.ProgramsOption, Bench.JsonOption,
        };
        command.SetAction(async (parsed, _) =>
        {
            using var bench = new Bench(parsed);
            if (parsed.GetValue(kill))
            {
                var dir = parsed.GetValue(Bench.DirOption) is { } named ? $" --dir {named}" : "";
                return await KillBench.RunAsync(bench, parsed.GetValue(count) ?? KillBench.StandardUpdates, parsed.GetValue(seed), dir);
            }
            if (parsed.GetValue(hostile))
            {
                return await HostileBench.RunAsync(bench, parsed.GetValue(count) ?? HostileBench.StandardUpdates, parsed.GetValue(seed));
            }
            var firmware = await bench.CompileAsync("firmware");
            string[] bundles =
            [
                await bench.BundleAsync(firmware, MakeFiles(bench), "1.0.0"), await bench.BundleAsync(firmware, MakeFiles(bench), "2.0.0"),
            ];
            using var device = await BenchDevice.MakeAsync(bench, bundles[0]);
            device.Start();
            await device.AnswersAsync();
            return await new EnduranceBench(bench, device, bundles).RunAsync(parsed.GetValue(count) ?? StandardUpdates);
        });
        return command;
    }

    /// <summary>A few files, so that every update unpacks and merges some.</summary>
    private static string MakeFiles(Bench bench)
    {
        var folder = Directory.CreateDirectory(bench.PathOf("files")).FullName;
        foreach (var name in (string[])["conf0.json", "index.html", "a.txt"])
        {
            File.WriteAllText(Path.Combine(folder, name), name == "conf0.json" ? "{}" : new string('x', 1000));
        }
        return folder;
    }

    private async Task<int> RunAsync(int count)
    {
        var begun = Stopwatch.GetTimestamp();
        var shown = begun;
        var warmUp = Math.Min(WarmUp, count / 4);
        Look? before = null;
        for (var done = 0; done < count; done++)
        {
            if (done == warmUp)
            {
                before = await LookAsync(done);
            }
            if (Stopwatch.GetElapsedTime(shown) > ShowEvery)
            {
                shown = Stopwatch.GetTimestamp();
                var each = Stopwatch.GetElapsedTime(begun).TotalSeconds / done;
                Bench.Progress(string.Create(CultureInfo.InvariantCulture, $"{done} of {count} updates, {each:0.00} s each, {each * (count - done):0} s to go"));
            }
            await device.PushAsync(bundles[(done + 1) % 2]);
            await device.CommitAsync((done + 1) % 2);
            own.Add(ProcessLook.OwnKib(device.BootLoader));
        }
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return Report(count, seconds, before!, await LookAsync(count));
    }

    private async Task<Look> LookAsync(int updates)
    {
        var all = new DirectoryInfo(device.Root).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).ToList();
        var logs = new DirectoryInfo(Path.Combine(device.Root, "log")).GetFiles();
        var blocks = await Run.CheckedAsync("du", ["-sk", "--exclude=log", device.Root]);
        return new Look(
            updates,
            double.Parse(blocks.Output.Split('\t')[0], CultureInfo.InvariantCulture),
            logs.GroupBy(log => log.Name.Replace(".log.1", ".log", StringComparison.Ordinal)).Max(group => group.Sum(log => log.Length)) / 1024.0,
            Samples.Of(own.TakeLast(Window)).Median,
            ProcessLook.ResidentKib(device.BootLoader),
            ProcessLook.Descriptors(device.BootLoader),
            ProcessLook.Threads(device.BootLoader),
            ProcessLook.CountBelow(device.BootLoader),
            all.Count);
    }

    private int Report(int count, double seconds, Look before, Look after)
    {
        Bench.EndProgress();
        (string What, double Before, double After, bool Flat)[] rows =
        [
            ("disk without logs, KiB", before.DiskKib, after.DiskKib, after.DiskKib <= before.DiskKib + DiskLeewayKib),
            ("files", before.Files, after.Files, after.Files <= before.Files + 2),
            ("largest log with its older one, KiB (bounded by 2 MiB)", before.LargestLogKib, after.LargestLogKib, after.LargestLogKib <= LogLimitKib),
            ("boot loader: memory of its own, KiB", before.OwnKib, after.OwnKib, after.OwnKib <= before.OwnKib + MemoryLeewayKib),
            ("boot loader: with pages of its program, KiB", before.ResidentKib, after.ResidentKib, after.ResidentKib <= before.ResidentKib + ResidentLeewayKib),
            ("boot loader: open descriptors", before.Descriptors, after.Descriptors, after.Descriptors <= before.Descriptors + 1),
            ("boot loader: threads", before.Threads, after.Threads, after.Threads <= before.Threads + 2),
            ("processes below it", before.Processes, after.Processes, after.Processes == before.Processes),
        ];
        var flat = rows.All(row => row.Flat);
        var peak = ProcessLook.PeakKib(device.BootLoader);
        if (bench.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { updates = count, seconds, flat, bootPeakKib = peak, before, after }, JsonText.Options));
            return flat ? 0 : 1;
        }
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{count} updates in {seconds:0} s, {seconds / count:0.00} s each; boot loader's peak {peak / 1024.0:0.0} MiB"));
        Console.WriteLine();
        var table = new Table("what", $"after {before.Updates}", $"after {after.Updates}", "verdict");
        foreach (var row in rows)
        {
            table.Add(
                row.What, row.Before.ToString("0", CultureInfo.InvariantCulture), row.After.ToString("0", CultureInfo.InvariantCulture), row.Flat ? "flat" : "NOT FLAT");
        }
        table.Print();
        Console.WriteLine(flat ? "Flat." : "NOT flat.");
        return flat ? 0 : 1;
    }
}
