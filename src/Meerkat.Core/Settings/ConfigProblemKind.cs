namespace Meerkat.Core.Settings;

/// <summary>Why something in a layer was left out.</summary>
public enum ConfigProblemKind
{
    /// <summary>The layer is no JSON object; all of it was left out.</summary>
    Damaged,

    /// <summary>The access list of the layers below refuses the key. Not an error.</summary>
    Denied,

    /// <summary>The value cannot be this key's: its type, its range, or a value where an object is needed.</summary>
    WrongValue,

    /// <summary>An entry of the schema about a key that is not the firmware's to define.</summary>
    NotDefinable,
}
