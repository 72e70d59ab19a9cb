namespace Meerkat.Simulator.Machine;

/// <summary>A device broke a promise: what was expected, what was found.</summary>
public sealed class ViolationException(string message) : Exception(message);
