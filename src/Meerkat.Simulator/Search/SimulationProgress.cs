namespace Meerkat.Simulator.Search;

/// <summary>How far a search is.</summary>
/// <param name="Phase">What is being done, for people.</param>
/// <param name="Done">Of it.</param>
/// <param name="Of">All of it; 0 while that is not known.</param>
public readonly record struct SimulationProgress(string Phase, long Done, long Of);
