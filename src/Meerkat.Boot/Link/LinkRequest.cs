namespace Meerkat.Boot.Link;

/// <summary>One line of JSON to the boot loader on <c>run/boot.sock</c>.</summary>
/// <param name="Operation">
/// status, invalidate, arm, hold, activate, keep_snapshot, set_state, release (the lease of an installation), commit, revert, health or restart.
/// </param>
/// <param name="Sequence">The boot record's sequence on which the asker decided; none: whatever it is.</param>
/// <param name="Slot">For invalidate, arm, hold and keep_snapshot: 0 or 1. For set_state: the slot of the next boot.</param>
/// <param name="CommitTimeout">For arm, hold, activate, keep_snapshot and set_state: seconds, 0 to 604800.</param>
/// <param name="Force">For restart: also when that ends a trial.</param>
/// <param name="Version">For arm and hold, with the three after it: what the slot now holds, as its seal says.</param>
/// <param name="BuildId">See <paramref name="Version"/>.</param>
/// <param name="ImageSha256">See <paramref name="Version"/>.</param>
/// <param name="ImageBytes">See <paramref name="Version"/>.</param>
/// <param name="Bundle">For arm and hold: the mark of the bundle; none: not known.</param>
/// <param name="ActivatesItself">For hold: the update waits for the gate alone.</param>
/// <param name="Trial">For keep_snapshot: the running firmware goes on trial at the next boot.</param>
/// <param name="Fallback">For set_state: 0, 1 or -1 for none.</param>
/// <param name="Committed">For set_state.</param>
/// <param name="Problem">For health: what of the health contract does not hold; empty when all of it does.</param>
/// <param name="Final">For health: it cannot hold any more.</param>
public sealed record LinkRequest(
    string Operation,
    ulong? Sequence = null,
    int? Slot = null,
    int? CommitTimeout = null,
    bool? Force = null,
    string? Version = null,
    string? BuildId = null,
    string? ImageSha256 = null,
    long? ImageBytes = null,
    string? Bundle = null,
    bool? ActivatesItself = null,
    bool? Trial = null,
    int? Fallback = null,
    bool? Committed = null,
    string? Problem = null,
    bool? Final = null);
