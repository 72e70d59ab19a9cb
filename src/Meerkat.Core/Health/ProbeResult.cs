namespace Meerkat.Core.Health;

/// <summary>What one run of a probe found.</summary>
/// <param name="Held">It holds.</param>
/// <param name="Text">What was found, in words: <c>HTTP 500, expected 200 to 299</c>.</param>
public readonly record struct ProbeResult(bool Held, string Text);
