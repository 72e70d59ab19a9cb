using System.Diagnostics;
using System.Globalization;
using Meerkat.EndToEnd.Tests.Harness.Endurance;

namespace Meerkat.Bench;

/// <summary>Updates on file systems that run full, go read-only or fail in the middle of them.</summary>
internal static class HostileBench
{
    public const int StandardUpdates = 26;

    /// <returns>The exit code: 0 no promise was broken, 1 one was.</returns>
    public static async Task<int> RunAsync(Bench bench, int updates, int? given)
    {
        var seed = given ?? Environment.TickCount;
        var report = new EnduranceReport();
        var refusals = new SortedSet<string>(StringComparer.Ordinal);
        var begun = Stopwatch.GetTimestamp();
        foreach (var trouble in Enum.GetValues<DiskTrouble>())
        {
            var (mounted, problem) = HostileDisk.Mount(trouble);
            if (mounted is null)
            {
                throw new BenchException($"{HostileRun.Name(trouble)}: {problem}");
            }
            using var disk = mounted;
            var options = new EnduranceOptions(updates, seed, HostileRun.Kinds) { Say = Bench.Progress };
            using var device = await HostileRun.MakeDeviceAsync(disk, bench.Program, options);
            var run = new HostileRun(device, disk, options, report);
            try
            {
                await run.RunAsync();
            }
            catch (ViolationException fault)
            {
                Bench.EndProgress();
                Console.Error.WriteLine($"VIOLATION with seed {seed} ({HostileRun.Name(trouble)}): {fault.Message}");
                Console.Error.WriteLine($"The same choices again: bench/endurance --hostile --updates {updates} --seed {seed}");
                return 1;
            }
            refusals.UnionWith(run.Refusals);
        }
        Bench.EndProgress();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Updates} updates on failing file systems ({report.Committed} of them committed in the end), {report.Completed} undisturbed ones completed between "
            + $"them, in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s, seed {seed}; violations: 0"));
        Console.WriteLine();
        StepTable.Print(report);
        Console.WriteLine("Refusals, in words:");
        foreach (var refusal in refusals)
        {
            Console.WriteLine($"  {refusal}");
        }
        return 0;
    }
}
