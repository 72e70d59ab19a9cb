using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>Levels, one-shot files, damage and the schema, on a real device and by the real tool.</summary>
public sealed class ConfigurationTests
{
    private const string Schema = """
        [["app.target", "d", 20.5, {"title": "Temperature", "unit": "°C", "min": 5, "max": 30}], ["app.name", "s", "schema", {}], ["app.new", "i", 7, {}]]
        """;

    [Fact]
    public async Task DamagedFiles_AreSkippedAndReported_AndTheDeviceStarts()
    {
        await using var device = await DeviceUnderTest.MakeAsync(TestFirmware.Good("1.0.0").Bundle());
        await WriteAsync(device, "conf_schema.json", "[[[[[[[[[[[[");
        await WriteAsync(device, "conf0.json", "{\"app\": {\"target\": 2");
        await WriteAsync(device, "conf3.json", """{"app": {"name": "third"}, "update": {"timeout": "soon", "interval": 60}}""");
        await WriteAsync(device, "conf_vendor.json", "\0\0\0\0");
        await WriteAsync(device, "conf.json", """{"app": {"target": 3}, "app": {}}""");
        await device.StartedAsync();
        await device.RunsAsync("1.0.0", trial: false);

        Assert.Equal("\"third\"", await GetAsync(device, "app.name"));
        Assert.Equal("60", await GetAsync(device, "update.interval"));
        Assert.Equal("600", await GetAsync(device, "update.timeout"));
        string[] files = ["conf_schema.json", "conf0.json", "conf3.json", "conf_vendor.json", "conf.json"];
        var problems = (await device.CallAsync("Config.Problems")).Result!.AsArray();
        Assert.Equal(files, problems.Select(problem => (string?)problem!["file"]));
        Assert.All(files, file => Assert.Contains($"configuration: {file}: ", device.Log, StringComparison.Ordinal));
        var check = await CommandRun.MeerkatAsync("config", "check", "--port", device.Url);
        Assert.Equal(1, check.ExitCode);
        Assert.Contains("[update.timeout] is not a number", check.Output, StringComparison.Ordinal);
        var doctor = await CommandRun.MeerkatAsync("doctor", device.Root, "--json");
        Assert.Equal(5, JsonNode.Parse(doctor.Output)!["findings"]!.AsArray().Count(finding => (string?)finding!["check"] == "settings"));

        // What a change saves is whole again.
        Assert.Null((await device.CallAsync("Config.Set", """{"config": {"app": {"target": 4}}, "save": true}""")).Error);
        Assert.Equal("""{"app":{"target":4}}""", JsonNode.Parse(await ReadAsync(device, "conf.json"))!.ToJsonString());
    }

    [Fact]
    public async Task Schema_GivesDefaultsTypesAndTitles_AndTheNewBundlesWins()
    {
        await using var device = await DeviceUnderTest.StartAsync(WithSchema("1.0.0", Schema).Bundle());
        var settings = JsonNode.Parse(await File.ReadAllTextAsync(device.PathOf("data/config-1.0.0.json")))!;
        Assert.Equal("""{"target":20.5,"name":"shipped","new":7}""", settings["app"]!.ToJsonString());

        var (_, error) = await device.CallAsync("Config.Set", """{"config": {"app": {"target": 31}}, "save": true}""");
        Assert.Equal("invalid config value: [app.target] must be from 5 to 30, found 31", (string?)error!["message"]);
        Assert.Null((await device.CallAsync("Config.Set", """{"config": {"app": {"target": 29, "name": "mine", "free": [1]}}, "save": true}""")).Error);
        var list = await CommandRun.MeerkatAsync("config", "list", "app", "--json", "--port", device.Url);
        Assert.Equal(
            [
                """{"key":"app.target","type":"d","default":20.5,"title":"Temperature","unit":"°C","min":5,"max":30,"value":29,"level":9,"from":"conf.json"}""",
                """{"key":"app.name","type":"s","default":"schema","title":"","value":"mine","level":9,"from":"conf.json"}""",
                """{"key":"app.new","type":"i","default":7,"title":"","value":7,"level":0,"from":"conf_schema.json"}""",
                """{"key":"app.free","value":[1]}""",
            ],
            JsonNode.Parse(list.Output)!.AsArray().Select(entry => System.Text.RegularExpressions.Regex.Unescape(entry!.ToJsonString())));

        await device.UpdateAsync(WithSchema("1.1.0", """[["app.target", "d", 18, {"min": 10, "max": 25}], ["app.name", "s", "", {}]]"""));
        settings = JsonNode.Parse(await File.ReadAllTextAsync(device.PathOf("data/config-1.1.0.json")))!;
        Assert.Equal("""{"target":18,"name":"mine","free":[1]}""", settings["app"]!.ToJsonString());
        var problem = Assert.Single((await device.CallAsync("Config.Problems")).Result!.AsArray())!;
        Assert.Equal("[app.target] must be from 10 to 25, found 29", (string?)problem["text"]);
    }

    [Fact]
    public async Task LevelsAndOneShots_CountFromTheNextStart()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var set = await CommandRun.MeerkatAsync("config", "set", "app.name=vendor", "--level", "3", "--port", device.Url);
        Assert.Equal((0, "app.name = \"vendor\" (in level 3, from the next start)\n"), (set.ExitCode, set.Output));
        Assert.Equal("""{"app":{"name":"vendor"}}""", JsonNode.Parse(await ReadAsync(device, "conf3.json"))!.ToJsonString());
        var got = await CommandRun.MeerkatAsync("config", "get", "app.name", "--level", "3", "--port", device.Url);
        Assert.Equal("vendor\n", got.Output);
        Assert.Equal("\"shipped\"", await GetAsync(device, "app.name"));
        await RestartAsync(device);
        Assert.Equal("\"vendor\"", await GetAsync(device, "app.name"));
        var once = await CommandRun.MeerkatAsync("config", "set", "app.target=5", "--try-once", "--port", device.Url);
        Assert.True(once.ExitCode == 0, once.Error);

        await RestartAsync(device);
        Assert.Equal(("\"vendor\"", "5"), (await GetAsync(device, "app.name"), await GetAsync(device, "app.target")));
        Assert.False(File.Exists(device.PathOf("slots/0/fs/conf.json.try")));

        // A cut right after the start that used it: it does not come back.
        await device.KillEverythingAsync();
        await device.StartedAsync();
        Assert.Equal(("\"vendor\"", "20"), (await GetAsync(device, "app.name"), await GetAsync(device, "app.target")));
    }

    [Fact]
    public async Task RebootOfASetting_RestartsIntoIt()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var starts = device.Starts().Length;
        var (result, _) = await device.CallAsync(
            "Config.Set", """{"key": "app.name", "value": "again", "level": 5, "save": true, "reboot": true}""");
        Assert.Equal("""{"saved":true}""", result!.ToJsonString());
        await Eventually.HoldsAsync("it has started again", () => device.Starts().Length > starts);
        await device.AnswersAsync();
        Assert.Equal("\"again\"", await GetAsync(device, "app.name"));
    }

    [Theory]
    [InlineData("conf_schema.json", """[["app.target", "d", 50, {"max": 30}]]""", "conf_schema.json: skipped, the default of app.target: [app.target] must be at most 30, found 50")]
    [InlineData("conf_schema.json", """[["update.timeout", "i", 50, {}]]""", "conf_schema.json: [update.timeout] is built in")]
    [InlineData("conf0.json", """{"app": {"name": 5}}""", "conf0.json: [app.name] is not a string")]
    [InlineData("conf5.json", """{"app": """, "conf5.json: skipped, not JSON")]
    public async Task BundleCreate_RefusesSettingsThatADeviceWouldLeaveOut(string file, string text, string reason)
    {
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        try
        {
            var fs = Directory.CreateDirectory(Path.Combine(folder, "fs")).FullName;
            await File.WriteAllTextAsync(Path.Combine(folder, "app"), "#!/bin/sh\n");
            await File.WriteAllTextAsync(Path.Combine(fs, "conf_schema.json"), Schema);
            string[] create = ["bundle", "create", Path.Combine(folder, "app"), fs, "--name", "x", "--version", "1", "-o", Path.Combine(folder, "fw.zip")];
            Assert.Equal(0, (await CommandRun.MeerkatAsync(create)).ExitCode);
            await File.WriteAllTextAsync(Path.Combine(fs, file), text);
            var refused = await CommandRun.MeerkatAsync(create);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains(reason, refused.Error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static TestFirmware WithSchema(string version, string schema)
    {
        var firmware = TestFirmware.Good(version);
        firmware.Files["conf_schema.json"] = schema;
        firmware.Files["conf0.json"] = """{"app": {"name": "shipped"}}""";
        return firmware;
    }

    private static async Task RestartAsync(DeviceUnderTest device)
    {
        var starts = device.Starts().Length;
        Assert.Null((await device.CallAsync("Sys.Reboot")).Error);
        await Eventually.HoldsAsync("it has started again", () => device.Starts().Length > starts);
        await device.AnswersAsync();
    }

    private static async Task<string> GetAsync(DeviceUnderTest device, string key) =>
        (await device.CallAsync("Config.Get", $$"""{"key": "{{key}}"}""")).Result!.ToJsonString();

    private static Task WriteAsync(DeviceUnderTest device, string name, string text) =>
        File.WriteAllTextAsync(device.PathOf("slots/0/fs/" + name), text);

    private static Task<string> ReadAsync(DeviceUnderTest device, string name) =>
        File.ReadAllTextAsync(device.PathOf("slots/0/fs/" + name));
}
