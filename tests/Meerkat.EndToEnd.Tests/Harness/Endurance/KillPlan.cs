namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>When and whom to kill: half of the kills go to the step that has been hit least, the others come at any time.</summary>
/// <param name="Wanted">The step in which the kill is to come; none: after <paramref name="Wait"/> from the update's begin.</param>
/// <param name="Wait">From the step's (or the update's) begin.</param>
/// <param name="Victims">Whom.</param>
internal sealed record KillPlan(UpdateStep? Wanted, TimeSpan Wait, Victims Victims)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(1500);

    private static readonly Victims[] Choices =
    [
        Victims.Boot, Victims.Agent, Victims.Firmware, Victims.Boot | Victims.Agent, Victims.Boot | Victims.Firmware,
        Victims.Agent | Victims.Firmware, Victims.Boot | Victims.Agent | Victims.Firmware,
        Victims.Boot | Victims.Agent | Victims.Firmware | Victims.Guard,
    ];

    public static KillPlan Choose(Random chance, EnduranceReport report)
    {
        var fewest = EnduranceReport.Steps.Min(report.At);
        var candidates = EnduranceReport.Steps.Where(step => report.At(step) == fewest).ToList();
        UpdateStep? wanted = chance.Next(2) == 0 ? candidates[chance.Next(candidates.Count)] : null;
        var most = wanted is { } step ? Within(step) : Longest;
        return new KillPlan(wanted, most * chance.NextDouble(), Choices[chance.Next(Choices.Length)]);
    }

    /// <summary>Soon after the restart that follows a kill.</summary>
    public static KillPlan Again(Random chance) =>
        new(null, TimeSpan.FromMilliseconds(400) * chance.NextDouble(), Choices[chance.Next(Choices.Length)]);

    /// <summary>How far into a step a kill is put; short for those that are over soon.</summary>
    private static TimeSpan Within(UpdateStep step) => TimeSpan.FromMilliseconds(step switch
    {
        UpdateStep.Receive or UpdateStep.Write or UpdateStep.Trial or UpdateStep.Restart => 100,
        UpdateStep.Merge => 30,
        UpdateStep.FallBack or UpdateStep.Verify or UpdateStep.TrialStart => 5,
        _ => 1,
    });
}

[Flags]
internal enum Victims
{
    None = 0,
    Boot = 1,
    Agent = 2,
    Firmware = 4,

    /// <summary>The boot loader's guard, too, as a power cut would.</summary>
    Guard = 8,
}
