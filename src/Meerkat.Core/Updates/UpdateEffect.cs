using Meerkat.Core.Bundles;
using Meerkat.Core.Values;

namespace Meerkat.Core.Updates;

/// <summary>What the runner must do next. Each may be repeated after a cut.</summary>
public abstract record UpdateEffect
{
    private UpdateEffect()
    {
    }

    /// <summary>Ask whoever may veto or delay the update.</summary>
    public sealed record AskGate(GatePoint Point, Manifest Manifest, SlotId Target) : UpdateEffect;

    /// <summary>Ask the boot loader to make the target empty.</summary>
    public sealed record Invalidate(SlotId Target) : UpdateEffect;

    /// <summary>Remove the target's old tree and begin a new one.</summary>
    public sealed record BeginSlot(SlotId Target) : UpdateEffect;

    /// <summary>Flush everything, write the seal last.</summary>
    public sealed record Seal(SlotId Target, Manifest Manifest, CompletedPart Image) : UpdateEffect;

    /// <summary>Ask the boot loader to start the target next.</summary>
    public sealed record Arm(SlotId Target, Manifest Manifest, CompletedPart Image) : UpdateEffect;

    /// <summary>Ask the boot loader to keep the target for later.</summary>
    /// <param name="Target">The slot.</param>
    /// <param name="Manifest">What is in it.</param>
    /// <param name="Image">Its image.</param>
    /// <param name="ActivatesItself">It waits for the gate alone.</param>
    public sealed record Hold(SlotId Target, Manifest Manifest, CompletedPart Image, bool ActivatesItself) : UpdateEffect;

    /// <summary>Remove what a failed update left in the target, and give the lease back.</summary>
    public sealed record CleanUp(SlotId Target) : UpdateEffect;
}
