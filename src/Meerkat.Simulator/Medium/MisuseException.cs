namespace Meerkat.Simulator.Medium;

/// <summary>A program did what a disk may let pass and this medium does not: always a bug of the program.</summary>
public sealed class MisuseException(string message) : Exception(message);
