namespace Meerkat.Simulator.Medium;

/// <summary>Which of the changes that were not durable a crash keeps.</summary>
public enum CrashKind
{
    /// <summary>None of them.</summary>
    Nothing,

    /// <summary>All of them; so also after the end of a process alone.</summary>
    Everything,

    /// <summary>One alone.</summary>
    Only,

    /// <summary>All but one.</summary>
    AllBut,

    /// <summary>All before one write, of that write its first bytes, nothing after it.</summary>
    Torn,

    /// <summary>All, but of one write only its first bytes.</summary>
    TornAmongAll,

    /// <summary>All, but of one write only its last bytes: its sectors arrived in another order.</summary>
    Tail,

    /// <summary>All, but where one write made its file longer there are zeros: the length arrived, the bytes did not.</summary>
    Zeros,

    /// <summary>A random half of them; the index is the seed.</summary>
    Subset,
}
