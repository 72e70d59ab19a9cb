namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>What an endurance run did and saw.</summary>
/// <remarks>Disturbances are counted by the step that they came in and by what they were: who was killed, what the medium did.</remarks>
internal sealed class EnduranceReport
{
    /// <summary>Every step that an update goes through; before and after an update is no step.</summary>
    public static IReadOnlyList<UpdateStep> Steps { get; } = [.. Enum.GetValues<UpdateStep>().Where(step => step != UpdateStep.Idle)];

    private readonly Dictionary<(UpdateStep Step, string What), int> counts = [];
    private readonly Dictionary<string, int> reasons = [];

    /// <summary>Updates that were disturbed.</summary>
    public int Updates { get; set; }

    /// <summary>Updates that were not, and were completed.</summary>
    public int Completed { get; set; }

    /// <summary>Disturbed updates that were committed in the end.</summary>
    public int Committed { get; set; }

    public int Disturbances => counts.Values.Sum();

    /// <summary>What there was at least once.</summary>
    public IEnumerable<string> Kinds => counts.Keys.Select(key => key.What).Distinct().OrderBy(name => name.Length).ThenBy(name => name, StringComparer.Ordinal);

    /// <summary>How often the device fell back for which reason.</summary>
    public IEnumerable<KeyValuePair<string, int>> Reasons => reasons.OrderByDescending(pair => pair.Value);

    public IEnumerable<UpdateStep> Missed => Steps.Where(step => At(step) == 0);

    public int At(UpdateStep step) => counts.Where(pair => pair.Key.Step == step).Sum(pair => pair.Value);

    public int At(UpdateStep step, string what) => counts.GetValueOrDefault((step, what));

    public void Disturbed(UpdateStep step, string what) => counts[(step, what)] = At(step, what) + 1;

    public void FellBack(string reason) => reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
}
