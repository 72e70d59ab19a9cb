namespace Meerkat.Boot.Link;

/// <summary>Why a slot was last left.</summary>
/// <param name="Code">For machines: <c>no_commit</c>.</param>
/// <param name="Text">For people: <c>no commit within 300 s</c>.</param>
/// <param name="Slot">The slot that was left.</param>
/// <param name="Version">Its version.</param>
/// <param name="Time">By the device's clock.</param>
public sealed record ReasonStatus(string Code, string Text, int Slot, string Version, DateTimeOffset Time);
