using Meerkat.Simulator.Medium;

namespace Meerkat.Simulator.Machine;

/// <summary>A simulated process.</summary>
internal sealed class SimProcess
{
    public bool Lives { get; set; } = true;

    /// <summary>Its way to the medium; none for a firmware.</summary>
    public ProcessVolume? Volume { get; set; }

    /// <summary>What the system takes back when it has ended.</summary>
    public void End()
    {
        Lives = false;
        Volume?.CloseAll();
    }
}
