namespace Meerkat.Tool.Doctor;

/// <summary>How bad a finding is. The names are what people and programs read.</summary>
internal enum FindingState
{
    /// <summary>It could not be looked at; the text says why.</summary>
    NotSeen,
    Ok,

    /// <summary>The device works; something that protects it is missing.</summary>
    Warning,

    /// <summary>An update, a fall back or the device's safety does not work.</summary>
    Problem,
}
