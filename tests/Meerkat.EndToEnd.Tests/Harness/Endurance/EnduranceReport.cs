namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>What an endurance run did and saw.</summary>
internal sealed class EnduranceReport
{
    /// <summary>Every step that an update goes through; a kill before or after an update is no step.</summary>
    public static IReadOnlyList<UpdateStep> Steps { get; } = [.. Enum.GetValues<UpdateStep>().Where(step => step != UpdateStep.Idle)];

    private readonly Dictionary<(UpdateStep Step, string Victims), int> kills = [];
    private readonly Dictionary<string, int> reasons = [];

    /// <summary>Updates that were disturbed.</summary>
    public int Disturbed { get; set; }

    /// <summary>Updates that were not, and were completed.</summary>
    public int Completed { get; set; }

    /// <summary>Disturbed updates that were committed in the end.</summary>
    public int Committed { get; set; }

    public int Kills => kills.Values.Sum();

    /// <summary>Who was killed, at least once.</summary>
    public IEnumerable<string> Victims => kills.Keys.Select(key => key.Victims).Distinct().OrderBy(name => name.Length).ThenBy(name => name, StringComparer.Ordinal);

    /// <summary>How often the device fell back for which reason.</summary>
    public IEnumerable<KeyValuePair<string, int>> Reasons => reasons.OrderByDescending(pair => pair.Value);

    public IEnumerable<UpdateStep> Missed => Steps.Where(step => At(step) == 0);

    public int At(UpdateStep step) => kills.Where(pair => pair.Key.Step == step).Sum(pair => pair.Value);

    public int At(UpdateStep step, string victims) => kills.GetValueOrDefault((step, victims));

    public void Killed(UpdateStep step, string victims) => kills[(step, victims)] = At(step, victims) + 1;

    public void FellBack(string reason) => reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
}
