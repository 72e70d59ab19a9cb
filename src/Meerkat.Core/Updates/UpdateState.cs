using Meerkat.Core.Bundles;
using Meerkat.Core.Values;

namespace Meerkat.Core.Updates;

/// <summary>How far an update has come. Nothing of it is durable: after a cut the target slot is simply empty.</summary>
public abstract record UpdateState
{
    private UpdateState()
    {
    }

    /// <summary>The code of an update that may be tried again later; EX_TEMPFAIL of sysexits.h, as a failure.</summary>
    public const int NotNow = -75;

    /// <summary>Bytes arrive; the manifest is not complete. Nothing has been written.</summary>
    public sealed record Receiving : UpdateState;

    /// <summary>The manifest is accepted; the gate is asked. Nothing has been written.</summary>
    public sealed record Admitted(Manifest Manifest, SlotId Target) : UpdateState;

    /// <summary>The manifest is accepted; the boot record is being told that the target is empty.</summary>
    public sealed record Invalidating(Manifest Manifest, SlotId Target) : UpdateState;

    /// <summary>Parts go into the target.</summary>
    /// <param name="Manifest">What is installed.</param>
    /// <param name="Target">The slot it goes into.</param>
    /// <param name="Image">The image, once it is complete.</param>
    public sealed record Writing(Manifest Manifest, SlotId Target, CompletedPart? Image) : UpdateState;

    /// <summary>All parts hold what was declared; everything is flushed and the seal written.</summary>
    public sealed record Verifying(Manifest Manifest, SlotId Target, CompletedPart Image, bool Activate) : UpdateState;

    /// <summary>The slot is sealed; the gate is asked for the restart.</summary>
    public sealed record Installed(Manifest Manifest, SlotId Target, CompletedPart Image) : UpdateState;

    /// <summary>The slot is sealed; the boot record is being told to keep it for later.</summary>
    /// <param name="Text">How the update ends, for people.</param>
    public sealed record Holding(string Text) : UpdateState;

    /// <summary>The slot is sealed; the boot record is being told to start it next.</summary>
    public sealed record Arming(Manifest Manifest, SlotId Target, CompletedPart Image) : UpdateState;

    /// <summary>Over.</summary>
    /// <param name="Code">1 for success, negative for a failure.</param>
    /// <param name="Text">For people.</param>
    /// <param name="NeedsRestart">The target is armed.</param>
    public sealed record Ended(int Code, string Text, bool NeedsRestart) : UpdateState;
}
