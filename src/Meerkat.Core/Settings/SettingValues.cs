using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;

namespace Meerkat.Core.Settings;

/// <summary>
/// Typed reading of merged settings. A value that is missing or wrong reads as the built-in default, so that a reader never fails;
/// merging has already reported it.
/// </summary>
public sealed class SettingValues(JsonObject tree)
{
    /// <exception cref="ArgumentException"><paramref name="key"/> is no built-in text.</exception>
    public string Text(string key) => Valid(key, SettingKind.Text).GetValue<string>();

    /// <exception cref="ArgumentException"><paramref name="key"/> is no built-in number.</exception>
    public long WholeNumber(string key) =>
        WholeNumbers.TryParse(Valid(key, SettingKind.WholeNumber).ToJsonString(), out var number)
            ? number
            : throw new System.Diagnostics.UnreachableException();

    /// <exception cref="ArgumentException"><paramref name="key"/> is no built-in flag.</exception>
    public bool Flag(string key) => Valid(key, SettingKind.Flag).GetValue<bool>();

    private JsonNode Valid(string key, SettingKind kind)
    {
        var setting = BuiltInSettings.Find(key);
        if (setting is null || setting.Kind != kind)
        {
            throw new ArgumentException($"{key} is no built-in setting of kind {kind}", nameof(key));
        }
        return ConfigPath.TryGet(tree, key, out var value) && setting.Problem(value) is null ? value! : setting.DefaultNode();
    }
}
