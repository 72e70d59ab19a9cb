namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>What an endurance run does.</summary>
/// <param name="Updates">How many updates are disturbed; each is followed by one that is not.</param>
/// <param name="Seed">Of all choices. The same seed chooses the same again; when a kill comes within a step is up to the machine.</param>
/// <param name="Kinds">The firmware that is installed; a kind that stands twice comes twice as often.</param>
internal sealed record EnduranceOptions(int Updates, int Seed, IReadOnlyList<FirmwareKind> Kinds)
{
    /// <summary>Seconds in which firmware and agent must say that they are ready.</summary>
    public int ReadyTimeoutSeconds { get; init; } = 8;

    /// <summary>Told of what goes on, a line each time.</summary>
    public Action<string> Say { get; init; } = _ => { };

    /// <summary>A kind of firmware whose update goes through a step; of any step where none is named.</summary>
    public FirmwareKind KindFor(UpdateStep? step, Random chance)
    {
        var fitting = step switch
        {
            UpdateStep.FallBack => Kinds.Where(kind => kind.FallsBack()).ToList(),
            UpdateStep.Commit => [FirmwareKind.Good],
            _ => [.. Kinds],
        };
        return fitting[chance.Next(fitting.Count)];
    }
}
