namespace Meerkat.Core.Settings;

/// <summary>What a setting's value is.</summary>
public enum SettingKind
{
    Text,
    WholeNumber,
    Flag,

    /// <summary>A number that may have a fraction.</summary>
    Number,
}
