using System.Globalization;
using Meerkat.EndToEnd.Tests.Harness.Endurance;

namespace Meerkat.Bench;

/// <summary>How often something was done to a device in which step of an update.</summary>
internal static class StepTable
{
    public static void Print(EnduranceReport report)
    {
        string[] kinds = [.. report.Kinds];
        var table = new Table(["step", .. kinds, "all"]);
        foreach (var step in EnduranceReport.Steps.Append(UpdateStep.Idle))
        {
            table.Add([Name(step), .. kinds.Select(kind => Count(report.At(step, kind))), Count(report.At(step))]);
        }
        table.Print();
        Console.WriteLine($"Reasons of the fall backs: {string.Join(", ", report.Reasons.Select(pair => $"{pair.Key} {pair.Value}"))}.");
        Console.WriteLine(report.Missed.Any()
            ? $"NOT every step was hit: {string.Join(", ", report.Missed.Select(Name))}. More updates, or another seed."
            : "Every step was hit.");
    }

    private static string Count(int number) => number == 0 ? "" : number.ToString(CultureInfo.InvariantCulture);

    private static string Name(UpdateStep step) => step switch
    {
        UpdateStep.TrialStart => "trial start",
        UpdateStep.FallBack => "fall back",
        UpdateStep.Idle => "before or after",
        _ => step.ToString().ToLowerInvariant(),
    };
}
