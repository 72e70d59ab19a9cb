namespace Meerkat.Simulator.Search;

/// <summary>What a search has done and found.</summary>
/// <param name="Operations">Storage operations of the fixed life.</param>
/// <param name="Cuts">Single cuts, each in every outcome.</param>
/// <param name="Pairs">Second cuts, during recoveries.</param>
/// <param name="States">Different states among them: a recovery, all invariants and a whole next update each.</param>
/// <param name="CutTime">How long these took.</param>
/// <param name="Lives">Random lives.</param>
/// <param name="LifeCuts">Cuts and ended boot loaders in them.</param>
/// <param name="LifeUpdates">Updates in them.</param>
/// <param name="Time">How long all of it took.</param>
/// <param name="Violations">What was found; none is what everybody hopes for.</param>
public sealed record SimulationResult(
    int Operations,
    long Cuts,
    long Pairs,
    long States,
    TimeSpan CutTime,
    long Lives,
    long LifeCuts,
    long LifeUpdates,
    TimeSpan Time,
    IReadOnlyList<Violation> Violations);
