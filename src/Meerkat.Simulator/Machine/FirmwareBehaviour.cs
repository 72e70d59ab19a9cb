namespace Meerkat.Simulator.Machine;

/// <summary>What a simulated firmware does once it has been started.</summary>
public enum FirmwareBehaviour
{
    /// <summary>Says that it is ready and goes on.</summary>
    Good,

    /// <summary>Ends at once with exit code 7.</summary>
    Exits,

    /// <summary>Is ended by SIGSEGV.</summary>
    Crashes,

    /// <summary>Never says that it is ready.</summary>
    Hangs,

    /// <summary>Is ready, sends one watchdog ping and no other.</summary>
    Starves,

    /// <summary>Removes all of its files, then ends.</summary>
    WipesFiles,

    /// <summary>Fills the medium, then ends.</summary>
    FillsMedium,

    /// <summary>Ships a health contract, and keeps it: it commits itself.</summary>
    KeepsContract,

    /// <summary>Ships a health contract that never holds.</summary>
    BreaksContract,
}
