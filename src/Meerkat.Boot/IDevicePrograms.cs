using Meerkat.Core.Boot;
using Meerkat.Core.Values;

namespace Meerkat.Boot;

/// <summary>
/// The programs of a device, as a <see cref="BootCycle"/> has them started and ended, and the callers that wait for answers. What
/// happens to the programs comes back as events; none is told to the cycle from within these methods.
/// </summary>
public interface IDevicePrograms
{
    /// <summary>Ends what is left of a firmware, then starts that of a slot. A failure comes as an event.</summary>
    void StartFirmware(SlotId slot, Supervision now);

    /// <summary>Ends the firmware alone; its exit comes as an event.</summary>
    void StopFirmware(TimeSpan atMost);

    /// <summary>A failure comes as the agent's exit.</summary>
    void StartAgent(RunMode mode);

    /// <summary>Ends firmware and agent and all that they started; <see cref="SupervisionEvent.AllStopped"/> follows.</summary>
    void StopAll(TimeSpan atMost);

    void Answer(SupervisionEffect.Answer answer);
}
