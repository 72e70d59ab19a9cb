using Meerkat.Core.Settings;

namespace Meerkat.Core.Tests.Settings;

public sealed class ConfigurationDocTests
{
    [Fact]
    public void ConfigurationPage_ListsEverySetting() => GeneratedDoc.Matches(
        "docs/configuration.md",
        "settings",
        GeneratedDoc.Table(
            ["key", "type", "default", "meaning"],
            BuiltInSettings.All.Select(setting => (string[])
            [
                $"`{setting.Key}`",
                Kind(setting),
                $"`{setting.Default}`",
                setting.Title,
            ])));

    private static string Kind(SettingDefinition setting) => setting.Kind switch
    {
        SettingKind.Text => "text",
        SettingKind.Flag => "true or false",
        SettingKind.Number => "number",
        SettingKind.WholeNumber => setting.Unit.Length > 0 ? $"whole number, {setting.Unit}" : "whole number",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
