namespace Meerkat.Tool.Conformance;

/// <summary>A requirement cannot be tried now; the message says why.</summary>
internal sealed class NotTriedException(string message) : Exception(message);
