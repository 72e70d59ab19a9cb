namespace Meerkat.Tool.Conformance;

/// <summary>How a requirement came out.</summary>
internal enum FindingResult
{
    Passed,
    Failed,
    Skipped,
}

/// <param name="Requirement">What was tried.</param>
/// <param name="Result">How it came out.</param>
/// <param name="Detail">What was expected and found, or why it was skipped; empty when it passed.</param>
internal sealed record ConformanceFinding(Requirement Requirement, FindingResult Result, string Detail);
