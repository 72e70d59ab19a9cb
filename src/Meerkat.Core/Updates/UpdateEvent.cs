using Meerkat.Core.Bundles;
using Meerkat.Core.Values;

namespace Meerkat.Core.Updates;

/// <summary>What happens to an update.</summary>
public abstract record UpdateEvent
{
    private UpdateEvent()
    {
    }

    /// <summary>The manifest was read and weighed.</summary>
    public sealed record HeadWeighed(Manifest Manifest, SlotId Target, UpdateAdmission Admission) : UpdateEvent;

    public sealed record GateAnswered(GateAnswer Answer) : UpdateEvent;

    /// <summary>The record says, durably, that the target is empty.</summary>
    public sealed record Invalidated : UpdateEvent;

    public sealed record ImageWritten(CompletedPart Image) : UpdateEvent;

    /// <summary>The bundle is complete: every part was there and held what was declared.</summary>
    /// <param name="Activate">Start it next; otherwise it is held until somebody activates it.</param>
    public sealed record BundleEnded(bool Activate) : UpdateEvent;

    /// <summary>Everything is flushed, the seal durable.</summary>
    public sealed record Sealed : UpdateEvent;

    /// <summary>The record says, durably, that the target starts next.</summary>
    public sealed record Armed : UpdateEvent;

    /// <summary>The record says, durably, that the target is kept for later.</summary>
    public sealed record Held : UpdateEvent;

    /// <summary>A fault, a refusal or an abort.</summary>
    /// <param name="Code">Negative.</param>
    /// <param name="Text">For people.</param>
    public sealed record Failed(int Code, string Text) : UpdateEvent;
}
