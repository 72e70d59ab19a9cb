namespace Meerkat.Core.Health;

/// <summary>What a firmware's file system and settings say about its health contract.</summary>
public abstract record HealthReading
{
    private HealthReading()
    {
    }

    /// <summary>There is none: somebody commits, or the boot loader's own rule for a commit timeout of 0.</summary>
    public sealed record None : HealthReading;

    public sealed record Found(HealthContract Contract) : HealthReading;

    /// <param name="Problem">Where it is wrong, what was expected and what was found.</param>
    public sealed record Damaged(string Problem) : HealthReading
    {
        /// <summary>Something else has the contract's name.</summary>
        public static readonly Damaged NoFile =
            new($"{HealthContract.FileName}: expected a regular file, found a folder, a link or something else");
    }

    /// <summary>How long the trial may take by it; none where there is no contract. A damaged one never commits a trial.</summary>
    public TimeSpan? MaxTime => this switch
    {
        Found(var contract) => contract.MaxTime,
        Damaged => HealthContract.DefaultMaxTime,
        _ => null,
    };
}
