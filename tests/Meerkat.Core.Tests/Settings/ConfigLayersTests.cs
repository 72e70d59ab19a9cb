using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Core.Settings;

namespace Meerkat.Core.Tests.Settings;

public sealed class ConfigLayersTests
{
    [Fact]
    public void LaterLayer_WinsKeyByKey()
    {
        var merged = Merge((0, """{"app":{"target":20,"name":"a"}}"""), (9, """{"app":{"target":21.50}}"""), (5, """{"app":{"target":5,"fan":true}}"""));
        Assert.Equal("""{"target":21.50,"name":"a","fan":true}""", merged.Tree["app"]!.ToJsonString());
        Assert.Empty(merged.Problems);
    }

    [Fact]
    public void NoLayer_GivesDefaults()
    {
        var merged = ConfigLayers.Merge([]);
        Assert.Equal("127.0.0.1:8080", new SettingValues(merged.Tree).Text("http.listen_addr"));
        Assert.Equal(600, new SettingValues(merged.Tree).WholeNumber("update.timeout"));
    }

    [Theory]
    [InlineData("""{"update":{"timeout":"600"}}""", "[update.timeout] is not a number")]
    [InlineData("""{"update":{"timeout":null}}""", "[update.timeout] is not a number")]
    [InlineData("""{"update":{"timeout":2.5}}""", "[update.timeout] failed to parse [2.5]")]
    [InlineData("""{"update":{"timeout":0}}""", "[update.timeout] must be from 1 to 86400, found 0")]
    [InlineData("""{"update":{"enable_post":1}}""", "[update.enable_post] is not a boolean")]
    [InlineData("""{"update":{"url":["x"]}}""", "[update.url] is not a string")]
    [InlineData("""{"update":{"url":{}}}""", "[update.url] is not a string")]
    [InlineData("""{"update":5}""", "[update] is not an object")]
    public void WrongValueOfKnownKey_IsSkippedAndReported(string layer, string text)
    {
        var merged = Merge((9, layer));
        var problem = Assert.Single(merged.Problems);
        Assert.Equal((ConfigProblemKind.WrongValue, text, "conf9.json"), (problem.Kind, problem.Text, problem.Layer));
        Assert.True(JsonNode.DeepEquals(BuiltInSettings.Defaults(), merged.Tree));
    }

    [Fact]
    public void WrongValue_LeavesTheOthersOfItsLayer()
    {
        var merged = Merge((9, """{"update":{"timeout":"x","interval":60},"mine":1}"""));
        Assert.Equal(60, new SettingValues(merged.Tree).WholeNumber("update.interval"));
        Assert.Equal(1, merged.Tree["mine"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":01}""")]
    public void DamagedLayer_IsSkippedAndReported(string damaged)
    {
        var merged = Merge((0, """{"a":5}"""), (3, damaged), (9, """{"b":6}"""));
        Assert.Equal((5, 6), (merged.Tree["a"]!.GetValue<int>(), merged.Tree["b"]!.GetValue<int>()));
        Assert.Equal((ConfigProblemKind.Damaged, "conf3.json"), (merged.Problems.Single().Kind, merged.Problems.Single().Layer));
    }

    [Fact]
    public void UnreadableLayer_IsSkippedAndReported()
    {
        var merged = ConfigLayers.Merge([new ConfigLayer(3, "conf3.json", default) { Unreadable = "expected a file, found a directory" }]);
        Assert.Equal("conf3.json: skipped, expected a file, found a directory", merged.Problems.Single().ToString());
    }

    [Theory]
    [InlineData("""{"update":{"timeout":0x3C}}""", 60)]
    [InlineData("""{"text":"0x10 \" 0x11","update":{"timeout":0XfF}}""", 255)]
    public void HexadecimalNumbers_AreRead(string layer, int timeout)
    {
        var merged = Merge((9, layer));
        Assert.Empty(merged.Problems);
        Assert.Equal(timeout, new SettingValues(merged.Tree).WholeNumber("update.timeout"));
        Assert.Contains(merged.Tree["text"]?.GetValue<string>(), (string?[])[null, "0x10 \" 0x11"]);
    }

    [Theory]
    [InlineData("""{"a":0x}""")]
    [InlineData("""{"a":0xFFFFFFFFFFFFFFFFF}""")]
    [InlineData("""{"a":10x5}""")]
    [InlineData("""{"a":"0x1}""")]
    public void WhatIsNoHexadecimalNumber_IsDamage(string layer) =>
        Assert.Equal(ConfigProblemKind.Damaged, Merge((9, layer)).Problems.Single().Kind);

    [Theory]
    [InlineData("")]
    [InlineData("  \n")]
    [InlineData("\uFEFF{}")]
    public void EmptyLayer_IsNoDamage(string content) => Assert.Empty(Merge((9, content)).Problems);

    [Fact]
    public void AccessList_GovernsTheNextLayerOnly()
    {
        var merged = Merge(
            (0, """{"conf_acl":"wifi.*,conf_acl","wifi":{"ssid":"a"},"secret":1}"""),
            (5, """{"wifi":{"ssid":"b"},"secret":2,"conf_acl":"secret"}"""),
            (9, """{"wifi":{"ssid":"c"},"secret":3}"""));
        Assert.Equal(("b", 3), (merged.Tree["wifi"]!["ssid"]!.GetValue<string>(), merged.Tree["secret"]!.GetValue<int>()));
        Assert.Equal(["secret", "wifi.ssid"], merged.Problems.Select(p => p.Key));
        Assert.All(merged.Problems, p => Assert.Equal(ConfigProblemKind.Denied, p.Kind));
    }

    [Fact]
    public void ValueInPlaceOfGroup_CannotRemoveProtectedKeys()
    {
        var merged = Merge((0, """{"conf_acl":"-app.secret,*","app":{"secret":1}}"""), (9, """{"app":5}"""));
        Assert.Equal("""{"secret":1}""", merged.Tree["app"]!.ToJsonString());
        Assert.Equal("[app] is not an object", merged.Problems.Single().Text);
    }

    [Fact]
    public void GroupInPlaceOfValue_IsReported()
    {
        var merged = Merge((0, """{"app":5}"""), (9, """{"app":{"x":1}}"""));
        Assert.Equal(5, merged.Tree["app"]!.GetValue<int>());
        Assert.Equal("[app] is an object where a layer below has a value", merged.Problems.Single().Text);
    }

    [Fact]
    public void UnknownKeys_AreKeptWithAnyValue()
    {
        const string Mine = """{"list":[1,{"a":null}],"none":null,"empty":{},"n":12345678901234567890}""";
        Assert.Equal(Mine, Merge((9, $$"""{"mine":{{Mine}}}""")).Tree["mine"]!.ToJsonString());
    }

    [Fact]
    public void PinnedKeys_StandAboveAllAndUnderNoAccessList()
    {
        var merged = Merge((0, """{"conf_acl":""}"""), (10, """{"http":{"listen_addr":":80"}}"""));
        Assert.Equal(":80", new SettingValues(merged.Tree).Text("http.listen_addr"));
        Assert.Empty(merged.Problems);
    }

    [Fact]
    public void Change_LeavesItsArgumentsAlone()
    {
        var current = JsonNode.Parse("""{"conf_acl":"a,b","a":1,"b":2,"c":3}""")!.AsObject();
        var before = current.ToJsonString();
        var changed = ConfigLayers.Apply(current, JsonNode.Parse("""{"a":10,"c":30}""")!.AsObject(), "Config.Set", SettingSchema.BuiltIn, "a,b");
        Assert.Equal("""{"conf_acl":"a,b","a":10,"b":2,"c":3}""", changed.Tree.ToJsonString());
        Assert.Equal(before, current.ToJsonString());
        Assert.Equal(ConfigProblemKind.Denied, changed.Problems.Single().Kind);
    }

    [Fact]
    public void Difference_LaidOverTheBase_GivesTheSettingsInForce()
    {
        var below = ConfigLayers.Merge([]).Tree;
        var current = Merge((9, """{"update":{"interval":60},"app":{"x":[1],"y":{}},"debug":{"level":2}}""")).Tree;
        var difference = ConfigDiff.Diff(current, below);
        Assert.Equal("""{"update":{"interval":60},"app":{"x":[1],"y":{}}}""", difference.ToJsonString());
        Assert.True(JsonNode.DeepEquals(current, ConfigLayers.Apply(below, difference, "x", SettingSchema.BuiltIn, ConfigAcl.AllowAll).Tree));
    }

    [Fact]
    public void Format_IndentsByTwoAndKeepsNumbers()
    {
        var parsed = Assert.IsType<ConfigText.Parsed>(ConfigText.Parse("""{"a":{"b":2.50,"c":12345678901234567890,"d":"ß+"}}"""u8));
        Assert.Equal(
            "{\n  \"a\": {\n    \"b\": 2.50,\n    \"c\": 12345678901234567890,\n    \"d\": \"ß+\"\n  }\n}\n",
            Encoding.UTF8.GetString(ConfigText.Format(parsed.Tree)));
    }

    private static MergedConfig Merge(params (int Level, string Json)[] layers) =>
        ConfigLayers.Merge(layers.Select(l => new ConfigLayer(l.Level, $"conf{l.Level}.json", Encoding.UTF8.GetBytes(l.Json))));
}
