namespace Meerkat.Boot.Link;

/// <summary>A slot as the boot record has it.</summary>
/// <param name="Slot">0 or 1.</param>
/// <param name="State">empty, written, trial, committed or failed.</param>
/// <param name="Version">Empty for an empty slot.</param>
/// <param name="BuildId">Empty for an empty slot.</param>
public sealed record SlotStatus(int Slot, string State, string Version, string BuildId);
