namespace Meerkat.Simulator.Search;

/// <summary>A broken promise, and how to see it again.</summary>
/// <param name="Path">For <c>--replay</c>.</param>
/// <param name="Where">The operation that was cut, and what the crash kept.</param>
/// <param name="Text">What was expected and what was found.</param>
public sealed record Violation(string Path, string Where, string Text)
{
    /// <summary>No promise was seen broken: the program itself failed where it was looked at.</summary>
    public bool IsFault { get; init; }
}
