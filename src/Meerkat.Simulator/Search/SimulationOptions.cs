namespace Meerkat.Simulator.Search;

/// <summary>What to search.</summary>
public sealed record SimulationOptions
{
    /// <summary>0: no cuts of the fixed life, random lives alone; 1: each cut; 2: also each cut of the recoveries.</summary>
    public int Cuts { get; init; } = 1;

    /// <summary>Of the first random life; each further one has the next number.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>How many random lives.</summary>
    public int Lives { get; init; } = 100;

    /// <summary>Steps of each random life.</summary>
    public int Steps { get; init; } = 200;

    /// <summary>Ends the search after this time; then there are random lives until it is over. None: what the numbers say.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>A fault to plant, one of <see cref="Sabotages.SabotageList.Names"/>; the search ends when it has found it.</summary>
    public string? Sabotage { get; init; }

    /// <summary>How many cores to use.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}
