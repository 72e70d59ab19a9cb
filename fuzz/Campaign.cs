using System.Diagnostics;

namespace Meerkat.Fuzz;

/// <summary>Inputs for one target, made and tried one after the other, until something goes wrong or the end comes.</summary>
/// <param name="target">What is tried.</param>
/// <param name="seed">Decides about every input; with the same program and seed the same inputs come.</param>
/// <param name="timed">Whether a slow input is a finding.</param>
internal sealed class Campaign(Target target, int seed, bool timed)
{
    private const int MostMutations = 5;

    private readonly Random chance = new(seed);
    private readonly Coverage coverage = new();
    private readonly List<byte[]> interesting = [];

    public int Inputs { get; private set; }

    public TimeSpan Took { get; private set; }

    public int Branches => coverage.Branches;

    /// <summary>The inputs that each added something to what is covered; without coverage, the corpus.</summary>
    public IReadOnlyList<byte[]> Interesting => interesting;

    /// <summary>The input that went wrong, and what about it.</summary>
    public (byte[] Input, string Text)? Finding { get; private set; }

    /// <summary>Told of each input before it is tried, in case that does not end.</summary>
    public Action<byte[]>? Begins { get; init; }

    /// <summary>Tries the saved corpus, then new inputs until <paramref name="goesOn"/> says no or one goes wrong.</summary>
    public void Run(Func<Campaign, bool> goesOn)
    {
        var begun = Stopwatch.GetTimestamp();
        foreach (var (_, input) in Corpus.Load(target.Name))
        {
            Try(input, mustBeAccepted: false);
            interesting.Add(input);
        }
        while (Finding is null && goesOn(this))
        {
            var fresh = interesting.Count == 0 || chance.Next(20) == 0;
            var input = fresh ? target.Generate(chance) : Mutated();
            if (input.Length <= Target.MostBytes && Try(input, fresh))
            {
                interesting.Add(input);
            }
            Took = Stopwatch.GetElapsedTime(begun);
        }
    }

    private byte[] Mutated()
    {
        // Half of the time one of the newest: what they found is least explored.
        var newest = Math.Min(16, interesting.Count);
        var input = chance.Next(2) == 0 ? interesting[^chance.Next(1, newest + 1)] : chance.Pick(interesting);
        for (var times = chance.Next(1, MostMutations + 1); times > 0; times--)
        {
            input = target.Mutate(input, chance.Pick(interesting), chance);
        }
        return input;
    }

    /// <summary>Whether the input added something.</summary>
    private bool Try(byte[] input, bool mustBeAccepted)
    {
        Begins?.Invoke(input);
        Inputs++;
        Coverage.Begin();
        var wrong = Trial.Run(target, input, mustBeAccepted, timed);
        var adds = coverage.Add(Coverage.Taken());
        if (wrong is not null)
        {
            Finding ??= (input, wrong);
        }
        // Without coverage the first valid ones are what there is to mutate.
        return adds || (!Coverage.IsThere && mustBeAccepted && interesting.Count < 64);
    }
}
