namespace Meerkat.Bench;

/// <summary>What was to be measured did not happen.</summary>
internal sealed class BenchException(string message) : Exception(message);
