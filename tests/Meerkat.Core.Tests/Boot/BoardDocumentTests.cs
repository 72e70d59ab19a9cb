using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Core.Boot;
using Meerkat.Core.Settings;

namespace Meerkat.Core.Tests.Boot;

public sealed class BoardDocumentTests
{
    private const string Path = "docs/formats/board.md";

    private static readonly SettingDefinition[] Settings =
        [.. BuiltInSettings.All.Where(setting => setting.Key.StartsWith("boot.", StringComparison.Ordinal))];

    [Fact]
    public void Document_HasTheBootSettings() => GeneratedDoc.Matches(Path, "boot settings", GeneratedDoc.Table(
        ["key", "default", "meaning"],
        Settings.Select(setting => new[] { $"`{setting.Key}`", $"`{setting.Default}`", setting.Title })));

    [Fact]
    public void EverySetting_IsKnownToTheBoardWithTheSameDefault()
    {
        var boot = new JsonObject();
        foreach (var setting in Settings)
        {
            boot[setting.Key["boot.".Length..]] = setting.DefaultNode();
        }
        var json = new JsonObject { ["format"] = 1, ["platform"] = "p", ["settings"] = new JsonObject { ["boot"] = boot } };
        Assert.Equal(new SupervisionSettings(), Board.Parse(Encoding.UTF8.GetBytes(json.ToJsonString())).Supervision);
    }

    [Fact]
    public void EveryKeyTheBoardKnows_IsASetting()
    {
        var unknown = Assert.Throws<FormatException>(() =>
            Board.Parse("""{"format": 1, "platform": "p", "settings": {"boot": {"?": 1}}}"""u8)).Message;
        Assert.Equal(
            Settings.Select(setting => setting.Key["boot.".Length..]).Order(),
            unknown[(unknown.IndexOf("are ", StringComparison.Ordinal) + 4)..].Split(", ").Order());
    }

    [Fact]
    public void DocumentsExample_IsABoard()
    {
        var text = File.ReadAllText(System.IO.Path.Combine(GeneratedDoc.Root, Path));
        var start = text.IndexOf("```json\n", StringComparison.Ordinal) + 8;
        var board = Board.Parse(Encoding.UTF8.GetBytes(text[start..text.IndexOf("```", start, StringComparison.Ordinal)]));
        Assert.Equal((ReadyMode.Notify, 30.0), (board.Supervision.Ready, board.Supervision.ReadyTimeout.TotalSeconds));
    }

    [Fact]
    public void Document_NamesEveryKey()
    {
        var text = File.ReadAllText(System.IO.Path.Combine(GeneratedDoc.Root, Path));
        var unknown = Assert.Throws<FormatException>(() => Board.Parse("""{"format": 1, "?": 1}"""u8)).Message;
        Assert.All(
            unknown[(unknown.IndexOf("are ", StringComparison.Ordinal) + 4)..].Split(", "),
            key => Assert.Contains($"| `{key}` |", text, StringComparison.Ordinal));
    }
}
