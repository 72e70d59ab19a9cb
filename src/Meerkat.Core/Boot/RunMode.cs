namespace Meerkat.Core.Boot;

/// <summary>As what the boot loader started the slot.</summary>
public enum RunMode
{
    /// <summary>No firmware runs; only the agent.</summary>
    Recovery,
    Trial,
    Committed,
}
