using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>What the agent may ask of the boot loader, the only writer of the boot record.</summary>
/// <param name="Sequence">The record's sequence on which the asker decided; refused when it has moved. Null: whatever it is.</param>
public abstract record BootRequest(ulong? Sequence)
{
    /// <summary>Step 2 of an update. <paramref name="RunningIntact"/>: the image of the running slot has its digest.</summary>
    public sealed record Invalidate(ulong? Sequence, SlotId Slot, bool RunningIntact) : BootRequest(Sequence);

    /// <summary>Step 5 of an update.</summary>
    public sealed record Arm(ulong? Sequence, SlotId Slot, SlotRecord Installed, int CommitTimeoutSeconds)
        : BootRequest(Sequence);

    public sealed record Commit(ulong? Sequence) : BootRequest(Sequence);

    public sealed record Revert(ulong? Sequence) : BootRequest(Sequence);

    /// <summary>Starts the boot sequence again. <paramref name="Force"/>: also when that ends a trial.</summary>
    public sealed record Restart(ulong? Sequence, bool Force) : BootRequest(Sequence);
}
