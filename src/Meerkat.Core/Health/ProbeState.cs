namespace Meerkat.Core.Health;

/// <summary>A probe of a trial and what its latest run found.</summary>
/// <param name="Probe">Which one.</param>
/// <param name="Last">The latest run; before the first it does not hold.</param>
/// <param name="Since">Since when it holds, or does not: time from the firmware's start.</param>
public sealed record ProbeState(HealthProbe Probe, ProbeResult Last, TimeSpan Since);
