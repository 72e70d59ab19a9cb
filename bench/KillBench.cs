using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Meerkat.EndToEnd.Tests.Harness.Endurance;

namespace Meerkat.Bench;

/// <summary>Updates whose programs are killed with SIGKILL at every step, and what the device is afterwards.</summary>
internal static class KillBench
{
    public const int StandardUpdates = 200;

    /// <summary>One in twelve hangs, which takes seconds each time; half are good.</summary>
    private static readonly FirmwareKind[] Kinds =
    [
        .. Enumerable.Repeat(FirmwareKind.Good, 6), FirmwareKind.Crashes, FirmwareKind.Faults, FirmwareKind.NeverCommitted, FirmwareKind.NeverCommitted,
        FirmwareKind.Reverted, FirmwareKind.Hangs,
    ];

    /// <returns>The exit code: 0 no promise was broken, 1 one was.</returns>
    public static async Task<int> RunAsync(Bench bench, int updates, int? given, string replayed)
    {
        var seed = given ?? Environment.TickCount;
        Console.Error.WriteLine($"{updates} updates, seed {seed}, in {bench.Folder}");
        var options = new EnduranceOptions(updates, seed, Kinds) { Say = Bench.Progress };
        using var device = await EnduranceRun.MakeDeviceAsync(bench.PathOf("device"), bench.Program, options);
        var run = new EnduranceRun(device, options);
        var begun = Stopwatch.GetTimestamp();
        var violation = "";
        try
        {
            await run.RunAsync();
        }
        catch (ViolationException fault)
        {
            violation = fault.Message;
        }
        Bench.EndProgress();
        Show(bench, run.Report, seed, Stopwatch.GetElapsedTime(begun).TotalSeconds, violation);
        if (violation.Length > 0)
        {
            Console.Error.WriteLine($"VIOLATION with seed {seed}: {violation}");
            Console.Error.WriteLine($"The same choices again: bench/endurance --kill --updates {updates} --seed {seed}{replayed}");
            return 1;
        }
        return 0;
    }

    private static void Show(Bench bench, EnduranceReport report, int seed, double seconds, string violation)
    {
        if (bench.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new
                {
                    seed,
                    seconds,
                    disturbed = report.Updates,
                    committed = report.Committed,
                    completed = report.Completed,
                    kills = report.Disturbances,
                    steps = EnduranceReport.Steps.ToDictionary(step => step.ToString(), report.At),
                    reasons = report.Reasons.ToDictionary(),
                    missed = report.Missed.Select(step => step.ToString()),
                    violation,
                },
                JsonText.Options));
            return;
        }
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Updates} updates disturbed by {report.Disturbances} kills ({report.Committed} of them committed in the end), {report.Completed} undisturbed ones "
            + $"completed between them, in {seconds:0} s, seed {seed}; violations: {(violation.Length > 0 ? 1 : 0)}"));
        Console.WriteLine();
        StepTable.Print(report);
    }
}
