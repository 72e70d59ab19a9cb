using Meerkat.Fuzz;
using Meerkat.Fuzz.Targets;

namespace Meerkat.Fuzz.Tests;

/// <summary>A short run of the fuzzer; <c>fuzz/run</c> goes on for as long as it is told to.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Inputs = 1500;

    public static TheoryData<string> Targets => [.. AllTargets.Names];

    [Theory]
    [MemberData(nameof(Targets))]
    public void SavedInputs_AreTakenAsEver(string name)
    {
        var saved = Corpus.Load(name);
        Assert.NotEmpty(saved);
        var target = AllTargets.Named(name);
        Assert.All(saved, file => Assert.Null(Trial.Run(target, file.Input, mustBeAccepted: false, timed: false)));
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void NewInputs_FindNothing(string name)
    {
        var seed = Environment.TickCount & int.MaxValue;
        var campaign = new Campaign(AllTargets.Named(name), seed, timed: false);
        campaign.Run(now => now.Inputs < Inputs);
        if (campaign.Finding is { } finding)
        {
            var kept = Corpus.Keep(name, finding.Input);
            Assert.Fail($"seed {seed}: {finding.Text}\nrepeat with: fuzz/run --target {name} --replay {kept}");
        }
        output.WriteLine($"seed {seed}, {campaign.Inputs} inputs");
        Assert.True(campaign.Inputs >= Inputs);
    }

    /// <summary>What looks at parsers must see when one of them goes wrong.</summary>
    [Fact]
    public void ParserThatThrows_IsFound()
    {
        var campaign = new Campaign(new Careless(), seed: 1, timed: false);
        campaign.Run(now => now.Inputs < 10_000);
        Assert.Contains("IndexOutOfRangeException", campaign.Finding?.Text, StringComparison.Ordinal);
    }

    /// <summary>Believes the length that an input begins with.</summary>
    private sealed class Careless : Target
    {
        public override string Name => "careless";

        public override MemoryBound Memory => new(1 << 20, 1);

        public override byte[] Generate(Random chance) => [2, 0, 0];

        public override byte[] Mutate(byte[] input, byte[] other, Random chance) => ByteMutations.Mutate(input, other, chance);

        public override object? Parse(byte[] input) => input.Length == 0 ? null : input[input[0]];

        public override bool Accepted(object? parsed) => true;

        public override void Examine(byte[] input, object? parsed)
        {
        }
    }
}
