namespace Meerkat.Boot.Link;

/// <summary>One line of JSON to the boot loader on <c>run/boot.sock</c>.</summary>
/// <param name="Operation">status, invalidate, arm, release (the lease of an installation), commit, revert or restart.</param>
/// <param name="Sequence">The boot record's sequence on which the asker decided; none: whatever it is.</param>
/// <param name="Slot">For invalidate and arm: 0 or 1.</param>
/// <param name="CommitTimeout">For arm: seconds, 0 to 604800.</param>
/// <param name="Force">For restart: also when that ends a trial.</param>
/// <param name="Version">For arm, with the four after it: what the slot now holds, as its seal says.</param>
public sealed record LinkRequest(
    string Operation,
    ulong? Sequence = null,
    int? Slot = null,
    int? CommitTimeout = null,
    bool? Force = null,
    string? Version = null,
    string? BuildId = null,
    string? ImageSha256 = null,
    long? ImageBytes = null);
