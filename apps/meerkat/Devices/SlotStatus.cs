namespace Meerkat.Tool.Devices;

/// <summary>What a slot holds: its state (empty, written, trial, committed, failed) and the version in it.</summary>
internal sealed record SlotStatus(int Slot, string State, string Version);
