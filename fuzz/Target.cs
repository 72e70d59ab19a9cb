using System.IO.Hashing;

namespace Meerkat.Fuzz;

/// <summary>
/// Something that parses what others wrote. Knows how to make valid inputs, how to spoil them with a sense of their structure, and what
/// must hold for every input.
/// </summary>
internal abstract class Target
{
    /// <summary>The longest input that is tried.</summary>
    public const int MostBytes = 64 * 1024;

    public abstract string Name { get; }

    public abstract MemoryBound Memory { get; }

    /// <summary>A valid input.</summary>
    public abstract byte[] Generate(Random chance);

    /// <summary>An input a little different from another one.</summary>
    /// <param name="input">Valid or not.</param>
    /// <param name="other">To take something from.</param>
    /// <param name="chance">Decides.</param>
    public abstract byte[] Mutate(byte[] input, byte[] other, Random chance);

    /// <summary>Lets the parser read the input as a whole. Its time and its memory are measured.</summary>
    /// <returns>What <see cref="Examine"/> needs of it.</returns>
    public abstract object? Parse(byte[] input);

    /// <summary>Whether the parser accepted an input; generated ones must be.</summary>
    public abstract bool Accepted(object? parsed);

    /// <summary>Looks at what was parsed, and parses again in other ways.</summary>
    /// <exception cref="FindingException">Something does not hold.</exception>
    public abstract void Examine(byte[] input, object? parsed);

    /// <summary>Chance that depends on the input alone, so that a file is enough to repeat what happened.</summary>
    protected static Random ChanceOf(byte[] input) => new(unchecked((int)XxHash32.HashToUInt32(input)));

    /// <summary>Cuts an input into pieces of 1 to about a fifth of it, most of them small.</summary>
    protected static IEnumerable<Range> Pieces(byte[] input, Random chance)
    {
        for (var at = 0; at < input.Length;)
        {
            var most = chance.Next(4) == 0 ? Math.Max(2, input.Length / 5) : 40;
            var next = Math.Min(input.Length, at + chance.Next(1, most));
            yield return at..next;
            at = next;
        }
    }
}
