namespace Meerkat.Core.Boot;

/// <summary>All the boot stage knows. Gathered once; constant while it decides.</summary>
public readonly record struct BootFacts(Commitment Commitment, Trial Trial, SlotHealth Active, SlotHealth Fallback);
