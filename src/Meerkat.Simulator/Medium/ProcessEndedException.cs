namespace Meerkat.Simulator.Medium;

/// <summary>The simulated process has been ended; what runs of it in the simulator unwinds and can change nothing any more.</summary>
public sealed class ProcessEndedException() : Exception("the simulated process has been ended");
