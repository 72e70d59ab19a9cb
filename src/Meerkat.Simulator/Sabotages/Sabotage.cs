using Meerkat.Boot.Link;
using Meerkat.Simulator.Machine;
using Meerkat.Storage;

namespace Meerkat.Simulator.Sabotages;

/// <summary>
/// A fault planted in the simulated world, never in the shipped code, to prove that the search finds it. One object a device: what it
/// keeps in memory is lost with the power.
/// </summary>
internal class Sabotage
{
    /// <summary>No fault.</summary>
    public static Sabotage None() => new();

    /// <summary>The medium as all programs of the device have it.</summary>
    public virtual IVolume Storage(IVolume medium) => medium;

    /// <summary>The boot socket as the agent has it.</summary>
    public virtual IBootChannel Link(IBootChannel channel, Func<Release?> installing) => channel;

    /// <summary>A firmware has just been started.</summary>
    public virtual void FirmwareStarted()
    {
    }
}
