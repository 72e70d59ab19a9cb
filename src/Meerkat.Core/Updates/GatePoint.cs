namespace Meerkat.Core.Updates;

/// <summary>When the gate is asked.</summary>
public enum GatePoint
{
    /// <summary>The manifest is accepted; nothing has been written.</summary>
    Begin,

    /// <summary>The update is installed; next comes the restart into it.</summary>
    Restart,
}
