namespace Meerkat.Simulator.Machine;

/// <summary>A simulated process.</summary>
internal sealed class SimProcess(ProcessRole role)
{
    public ProcessRole Role => role;

    public bool Lives { get; set; } = true;
}
