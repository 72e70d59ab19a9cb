using System.Text.Json.Nodes;
using Meerkat.Core.Settings;

namespace Meerkat.Device.Configuration;

/// <summary>A setting that has a type, its value in force, and where that was set.</summary>
/// <param name="Setting">What it is.</param>
/// <param name="Value">In force now.</param>
/// <param name="Level">0 to 9, or <see cref="ConfigLayer.Pinned"/>.</param>
/// <param name="From">The file that set it, <c>built in</c>, or <c>not saved</c>: it ends with the next start.</param>
public sealed record SettingInForce(SettingDefinition Setting, JsonNode? Value, int Level, string From)
{
    /// <param name="setting">What it is.</param>
    /// <param name="live">The settings in force.</param>
    /// <param name="lasting">What the files give.</param>
    /// <param name="origins">Which of the files set a key.</param>
    internal static SettingInForce Of(
        SettingDefinition setting, JsonObject live, JsonObject lasting, IReadOnlyDictionary<string, ConfigLayer> origins)
    {
        ConfigPath.TryGet(live, setting.Key, out var value);
        ConfigPath.TryGet(lasting, setting.Key, out var saved);
        var (level, from) = !JsonNode.DeepEquals(value, saved)
            ? (ConfigLayer.User, "not saved")
            : origins.TryGetValue(setting.Key, out var layer)
                ? (layer.Level, layer.Name)
                : (0, setting.Equals(BuiltInSettings.Find(setting.Key)) ? "built in" : SettingSchema.FileName);
        return new SettingInForce(setting, value?.DeepClone(), level, from);
    }
}
