namespace Meerkat.Device.Health;

/// <summary>What the boot loader told before a round of probes.</summary>
/// <param name="Alive">The firmware's process runs.</param>
/// <param name="Ready">The firmware is ready.</param>
internal readonly record struct ProbeFacts(bool Alive, bool Ready);
