using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Core.Settings;

namespace Meerkat.Core.Tests.Settings;

public sealed class SettingSchemaTests
{
    private const string Thermostat = """
        [
          ["app", "o", {"title": "The application"}],
          ["app.target", "d", 21.5, {"title": "Temperature", "unit": "°C", "min": 5, "max": 30.5}],
          ["app.count", "i", {"title": "How many", "max": 9, "hide": true}],
          ["app.port", "ui", 80, {"max": 65535}],
          ["app.mode", "s", "slow", {"enum": ["slow", "fast"]}],
          ["app.on", "b", true, {}],
          ["app.count", 3],
          ["update.timeout", 50]
        ]
        """;

    [Fact]
    public void Defaults_AreBelowEveryLayer()
    {
        var merged = Merge(Thermostat, (0, """{"app":{"count":4}}"""));
        Assert.Empty(merged.Problems);
        Assert.Equal("""{"target":21.5,"count":4,"port":80,"mode":"slow","on":true}""", merged.Tree["app"]!.ToJsonString());
        Assert.Equal(50, new SettingValues(merged.Tree).WholeNumber("update.timeout"));
        Assert.Equal("3", Parse(Thermostat).Find("app.count")!.Default);
    }

    [Theory]
    [InlineData("""{"app":{"target":"warm"}}""", "[app.target] is not a number")]
    [InlineData("""{"app":{"target":[]}}""", "[app.target] is not a number")]
    [InlineData("""{"app":{"target":null}}""", "[app.target] is not a number")]
    [InlineData("""{"app":{"target":4.99}}""", "[app.target] must be from 5 to 30.5, found 4.99")]
    [InlineData("""{"app":{"target":1e999}}""", "[app.target] failed to parse [1e999]")]
    [InlineData("""{"app":{"count":2.5}}""", "[app.count] failed to parse [2.5]")]
    [InlineData("""{"app":{"count":10}}""", "[app.count] must be at most 9, found 10")]
    [InlineData("""{"app":{"port":-1}}""", "[app.port] must be from 0 to 65535, found -1")]
    [InlineData("""{"app":{"mode":"stop"}}""", "[app.mode] must be one of \"slow\", \"fast\", found \"stop\"")]
    [InlineData("""{"app":{"mode":1}}""", "[app.mode] is not a string")]
    [InlineData("""{"app":{"on":1}}""", "[app.on] is not a boolean")]
    [InlineData("""{"app":5}""", "[app] is not an object")]
    [InlineData("""{"app":{"mode":{"x":1}}}""", "[app.mode] is not a string")]
    public void WrongValue_IsLeftOutInTheWordsOfBuiltInKeys(string layer, string text)
    {
        var merged = Merge(Thermostat, (9, layer));
        Assert.Equal(text, Assert.Single(merged.Problems).Text);
        Assert.True(JsonNode.DeepEquals(Parse(Thermostat).Defaults(), merged.Tree), merged.Tree.ToJsonString());
    }

    [Fact]
    public void KeysOfNoSchema_MayHaveAnyValue()
    {
        var merged = Merge(Thermostat, (0, """{"app":{"more":[1,null]},"mine":"x"}"""));
        Assert.Empty(merged.Problems);
        Assert.Equal("[1,null]", merged.Tree["app"]!["more"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""["update.timeout","i",5,{}]""", "[update.timeout] is built in")]
    [InlineData("""["boot.settle","i",5,{}]""", "[boot.settle] is built in")]
    [InlineData("""["update.url.x","i",5,{}]""", "[update.url.x] is built in")]
    [InlineData("""["update","s","",{}]""", "[update] is built in")]
    [InlineData("""["boot.settle",5]""", "[boot.settle] can be set by board.json only")]
    [InlineData("""["mqtt.no_such",true]""", "[mqtt.no_such] is given another default, and nothing of that name is defined")]
    public void EntryAboutAKeyThatIsNotTheFirmwares_IsReportedAndAloneLeftOut(string entry, string text)
    {
        var schema = Parse("""[["a.b","i",1,{}],""" + entry + "]");
        var problem = Assert.Single(schema.Problems);
        Assert.Equal((ConfigProblemKind.NotDefinable, SettingSchema.FileName), (problem.Kind, problem.Layer));
        Assert.StartsWith(text, problem.Text, StringComparison.Ordinal);
        Assert.Equal("1", schema.Find("a.b")!.Default);
        Assert.Equal(BuiltInSettings.All.Length + 1, schema.All.Length);
        Assert.Equal(BuiltInSettings.All, schema.All[..^1]);
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("[", "not JSON")]
    [InlineData("{}", "expected a list")]
    [InlineData("""[["a.b","i",1,{}],5]""", "entry 2: expected [key, type, default, {attributes}]")]
    [InlineData("""[["a.b"]]""", "entry 1: expected")]
    [InlineData("""[["a.b","i",1,{},2]]""", "entry 1: expected")]
    [InlineData("""[[5,"i",1,{}]]""", "entry 1: expected a key")]
    [InlineData("""[["","i",1,{}]]""", "entry 1: expected a key")]
    [InlineData("""[["a..b","i",1,{}]]""", "entry 1: expected a key")]
    [InlineData("""[["a b","i",1,{}]]""", "entry 1: expected a key")]
    [InlineData("""[["a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a","i",1,{}]]""", "entry 1: expected a key")]
    [InlineData("""[["a","x",1,{}]]""", "a: expected the type b, i, ui, d, s or o, found \"x\"")]
    [InlineData("""[["a",1,1,{}]]""", "a: expected the type")]
    [InlineData("""[["a","i",1,"title"]]""", "a: expected attributes")]
    [InlineData("""[["a","i",1]]""", "a: expected attributes")]
    [InlineData("""[["a","i","1",{}]]""", "the default of a: [a] is not a number")]
    [InlineData("""[["a","i",{"min":1}]]""", "the default of a: [a] must be at least 1, found 0")]
    [InlineData("""[["a","i",1,{"min":3,"max":2}]]""", "a: the min is larger than the max")]
    [InlineData("""[["a","ui",1,{"min":-3}]]""", "a: the type ui has no numbers below 0")]
    [InlineData("""[["a","i",1,{"min":"x"}]]""", "a: min must be a number")]
    [InlineData("""[["a","i",1,{"title":5}]]""", "a: title must be a text")]
    [InlineData("""[["a","s","x",{"enum":[]}]]""", "a: enum must be a list")]
    [InlineData("""[["a","s","x",{"enum":["x",5]}]]""", "a: of the enum, [a] is not a string")]
    [InlineData("""[["a","s","x",{"enum":["y"]}]]""", "the default of a: [a] must be one of \"y\", found \"x\"")]
    [InlineData("""[["a","i",1,{}],["a","i",2,{}]]""", "a is defined twice")]
    [InlineData("""[["a","i",1,{}],["a.b","i",2,{}]]""", "a is a value, and other keys lie below it")]
    [InlineData("""[["a.b","i",1,{}],["a","i",2,{}]]""", "a is a value, and other keys lie below it")]
    [InlineData("""[["a","o",{}],["a","i",2,{}]]""", "a is defined twice")]
    [InlineData("""[["a","i",1,{}],["a","x"]]""", "the default of a: [a] is not a number")]
    [InlineData("""[["a","i",1,{"min":0,"min":1}]]""", "not JSON")]
    [InlineData("""[["a","i",1,{"x":[[[[[[[[]]]]]]]]}]]""", "not JSON")]
    public void DamagedFile_IsLeftOutWholeAndReported(string text, string reason)
    {
        var schema = Parse(text);
        var problem = Assert.Single(schema.Problems);
        Assert.Equal(ConfigProblemKind.Damaged, problem.Kind);
        Assert.StartsWith("skipped, " + reason, problem.Text, StringComparison.Ordinal);
        Assert.Equal(BuiltInSettings.All, schema.All);
    }

    [Fact]
    public void LargeFile_IsReadAndUsedInNoTimeToSpeakOf()
    {
        var entries = Enumerable.Range(0, 8000).Select(i => $"""["k{i}.a.b","i",{i},{"{}"}]""");
        var layer = "{" + string.Join(',', Enumerable.Range(0, 8000).Select(i => $"\"k{i}\":{{\"a\":{{\"b\":{i + 1},\"c\":1}}}}")) + "}";
        var merged = Merge($"[{string.Join(',', entries)}]", (9, layer));
        Assert.Empty(merged.Problems);
        Assert.Equal("""{"b":8000,"c":1}""", merged.Tree["k7999"]!["a"]!.ToJsonString());
    }

    [Fact]
    public void Origin_IsTheLayerThatSetAKeyLast()
    {
        var merged = Merge(Thermostat, (0, """{"app":{"count":4,"on":false}}"""), (9, """{"app":{"count":5,"mode":"stop"}}"""));
        Assert.Equal("conf9.json", merged.Origins["app.count"].Name);
        Assert.Equal("conf0.json", merged.Origins["app.on"].Name);
        Assert.False(merged.Origins.ContainsKey("app.mode"));
    }

    [Fact]
    public void DottedName_OfAKnownKey_IsTheKey()
    {
        var merged = Merge(Thermostat, (9, """{"app.count":7,"hosts":{"example.com":1},"app":{"a.b":2}}"""));
        Assert.Equal(7, (int)merged.Tree["app"]!["count"]!);
        Assert.Equal("""{"example.com":1}""", merged.Tree["hosts"]!.ToJsonString());
        Assert.Equal(2, (int)merged.Tree["app"]!["a.b"]!);
    }

    private static SettingSchema Parse(string text) => SettingSchema.Parse(Encoding.UTF8.GetBytes(text));

    private static MergedConfig Merge(string schema, params (int Level, string Json)[] layers) => ConfigLayers.Merge(
        layers.Select(l => new ConfigLayer(l.Level, $"conf{l.Level}.json", Encoding.UTF8.GetBytes(l.Json))), Parse(schema));
}
