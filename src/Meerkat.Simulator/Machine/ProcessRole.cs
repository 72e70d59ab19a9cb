namespace Meerkat.Simulator.Machine;

/// <summary>Which program of a device it is.</summary>
internal enum ProcessRole
{
    BootLoader,
    Agent,
    Firmware,
}
