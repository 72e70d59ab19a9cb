using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Posix;
using Meerkat.Core.Protocol;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Device.Configuration;
using Meerkat.Storage;

namespace Meerkat.Device.Tests.Configuration;

public sealed class ConfigStoreTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("mkcfg").FullName;
    private readonly DeviceRoot device;

    public ConfigStoreTests()
    {
        File.WriteAllText(
            Path.Combine(root, "board.json"),
            """{"format":1,"platform":"linux-x64","settings":{"http":{"listen_addr":"127.0.0.1:1234"},"boot":{"settle":1}}}""");
        device = DeviceRoot.Open(root);
        DeviceRoot.MakeDirectories(device.Volume);
        new SlotStore(device.Volume).Begin(SlotId.Zero, UserId.Current.User, UserId.Current.Group);
        Write("conf0.json", """{"app":{"color":"red","size":1},"update":{"timeout":50}}""");
        Write("conf.json", """{"app":{"color":"blue"}}""");
        RunConfiguration.Write(device.Volume, device.Board, SlotId.Zero, UserId.Current, _ => { });
    }

    public void Dispose()
    {
        device.Dispose();
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void SavedChange_IsTheDifferenceToTheLevelsBelow()
    {
        var store = Open();

        store.Set(Json("""{"app":{"color":"red","size":2},"mine":[1],"update":{"timeout":50}}"""), save: true, once: false);

        Assert.True(JsonNode.DeepEquals(Json("""{"app":{"size":2},"mine":[1]}"""), Json(Read("conf.json"))), Read("conf.json"));
        Assert.Equal("red", (string?)Open().Get("app.color", null));
    }

    [Fact]
    public void Change_IsPublishedAtOnceAndKeptByTheNextStart()
    {
        Open().Set(Json("""{"update":{"timeout":7}}"""), save: false, once: false);

        Assert.Equal(7, (int?)Json(File.ReadAllText(Path.Combine(root, "run/config.json")))["update"]!["timeout"]);
        Assert.Equal(7, Open().Values.WholeNumber("update.timeout"));
        Assert.Equal("""{"app":{"color":"blue"}}""", Read("conf.json"));
    }

    [Fact]
    public void PinnedKeys_AreNeverSaved()
    {
        var store = Open();
        store.Set(Json("""{"http":{"listen_addr":"127.0.0.1:1234"},"app":{"size":3}}"""), save: true, once: false);

        Assert.Equal("127.0.0.1:1234", store.Values.Text("http.listen_addr"));
        Assert.DoesNotContain("listen_addr", Read("conf.json"));
    }

    [Fact]
    public void OneShot_GoesBesideTheUsersFile()
    {
        Open().Set(Json("""{"app":{"size":3}}"""), save: true, once: true);

        Assert.Contains("\"size\": 3", Read("conf.json.try"));
        Assert.Equal("""{"app":{"color":"blue"}}""", Read("conf.json"));
    }

    [Theory]
    [InlineData("""{"http":{"listen_addr":":80"}}""", "set in board.json")]
    [InlineData("""{"boot":{"settle":2}}""", "set in board.json")]
    [InlineData("""{"update":{"timeout":"x"}}""", "is not a number")]
    [InlineData("""{"update":{"timeout":0}}""", "must be from 1")]
    [InlineData("""{"app":{"size":4},"update":5}""", "is not an object")]
    public void WrongChange_IsRefusedWhole(string change, string reason)
    {
        var store = Open();

        var refused = Assert.Throws<RpcException>(() => store.Set(Json(change), save: true, once: false));

        Assert.Equal((int)RpcErrorCode.BadRequest, refused.Error.Code);
        Assert.Contains(reason, refused.Message);
        Assert.Equal(1, (int?)store.Get("app.size", null));
        Assert.Equal("""{"app":{"color":"blue"}}""", Read("conf.json"));
    }

    [Fact]
    public void AccessList_GovernsChanges()
    {
        Write("conf0.json", """{"conf_acl":"-update.*,*"}""");
        RunConfiguration.Write(device.Volume, device.Board, SlotId.Zero, UserId.Current, _ => { });

        var refused = Assert.Throws<RpcException>(() => Open().Set(Json("""{"update":{"timeout":9}}"""), save: false, once: false));

        Assert.Contains("conf_acl", refused.Message);
    }

    [Fact]
    public void Levels_ShowWhatTheyGive()
    {
        var store = Open();

        Assert.Equal("red", (string?)store.Get("app.color", 0));
        Assert.Equal("blue", (string?)store.Get("app.color", 9));
        Assert.Equal("blue", (string?)store.Get("app.color", null));
        Assert.Equal((int)RpcErrorCode.NotFound, Assert.Throws<RpcException>(() => store.Get("no.such", null)).Error.Code);
    }

    [Fact]
    public void Level_IsSavedAsTheDifferenceToTheLevelBelow()
    {
        Write("conf3.json", """{"app":{"size":5}}""");
        var store = Open();

        store.SetLevel(Json("""{"app":{"color":"green"},"mine":1}"""), 3, save: true, once: false);

        Assert.True(JsonNode.DeepEquals(Json("""{"app":{"color":"green","size":5},"mine":1}"""), Json(Read("conf3.json"))), Read("conf3.json"));
        Assert.Equal("green", (string?)store.Get("app.color", 3));
        Assert.Equal("red", (string?)store.Get("app.color", 2));
        Assert.Equal("blue", (string?)store.Get("app.color", null));
        Assert.Throws<RpcException>(() => store.Get("mine", null));
        Start();
        Assert.Equal(1, (int?)Open().Get("mine", null));
        Assert.Equal("""{"app":{"color":"blue"}}""", Read("conf.json"));
    }

    [Fact]
    public void LevelThatIsNotSaved_IsOnlyLookedAt()
    {
        var store = Open();

        store.SetLevel(Json("""{"app":{"size":9}}"""), 4, save: false, once: false);

        Assert.False(File.Exists(InSlot("conf4.json")));
        Assert.Equal(1, (int?)store.Get("app.size", 4));
        Assert.Throws<RpcException>(() => store.SetLevel(Json("""{"update":{"timeout":"x"}}"""), 4, save: false, once: false));
    }

    [Fact]
    public void VendorFile_IsBelowLevelSix()
    {
        Write("conf_vendor.json", """{"app":{"size":50}}""");
        Write("conf5.json", """{"app":{"size":5}}""");
        var store = Open();

        store.SetLevel(Json("""{"app":{"color":"green"}}"""), 6, save: true, once: false);

        Assert.Equal(50, (int?)store.Get("app.size", 5));
        Assert.True(JsonNode.DeepEquals(Json("""{"app":{"color":"green"}}"""), Json(Read("conf6.json"))), Read("conf6.json"));
    }

    [Fact]
    public void LevelThatTheLevelsBelowDeny_IsRefused()
    {
        Write("conf2.json", """{"conf_acl":"-app.color,*"}""");
        Write("conf5.json", """{"conf_acl":"*"}""");
        Start();
        var store = Open();

        var refused = Assert.Throws<RpcException>(
            () => store.SetLevel(Json("""{"app":{"color":"green"}}"""), 3, save: true, once: false));

        Assert.Contains("do not let level 3 have it: [app.color]", refused.Message);
        Assert.False(File.Exists(InSlot("conf3.json")));
    }

    [Fact]
    public void AccessListInForce_GovernsLevelsToo()
    {
        Write("conf5.json", """{"conf_acl":"-app.color,*"}""");
        Start();

        Assert.Throws<RpcException>(() => Open().SetLevel(Json("""{"app":{"color":"green"}}"""), 3, save: true, once: false));
    }

    [Theory]
    [InlineData(3, "conf3.json")]
    [InlineData(9, "conf.json")]
    public void OneShot_CountsForOneStartAndGoes(int level, string file)
    {
        Set(level, """{"app":{"size":7}}""", once: true);
        var oneShot = InSlot(file + ".try");
        Assert.True(File.Exists(oneShot));

        Start();
        Assert.False(File.Exists(oneShot));
        Assert.Equal(7, (int?)Open().Get("app.size", null));
        Start();
        Assert.Equal(1, (int?)Open().Get("app.size", null));
    }

    [Theory]
    [InlineData(3, "conf3.json")]
    [InlineData(9, "conf.json")]
    public void Saving_RemovesAOneShotThatWaits(int level, string file)
    {
        Set(level, """{"app":{"size":7}}""", once: true);
        Set(level, """{"app":{"size":8}}""", once: false);

        Assert.False(File.Exists(InSlot(file + ".try")));
        Start();
        Assert.Equal(8, (int?)Open().Get("app.size", null));
    }

    [Fact]
    public void OneShotThatWaits_IsNoPartOfTheLevelsBelow()
    {
        var store = Open();
        store.SetLevel(Json("""{"app":{"size":7}}"""), 3, save: true, once: true);

        store.Set(Json("""{"app":{"size":7}}"""), save: true, once: false);

        Assert.Equal(7, (int)Json(Read("conf.json"))["app"]!["size"]!);
    }

    [Fact]
    public void Placeholders_AreFilledInForceAndSavedAsWritten()
    {
        var digits = DeviceName.Mac();
        Assert.SkipWhen(digits.Length == 0, "no network card");
        Write("conf0.json", """{"device":{"id":"kiosk_????"}}""");
        Start();
        var store = Open();
        Assert.Equal("kiosk_" + digits[8..], store.Values.Text("device.id"));
        Assert.Equal("kiosk_" + digits[8..], (string?)Json(File.ReadAllText(Path.Combine(root, "run/config.json")))["device"]!["id"]);

        store.Set(Json("""{"app":{"size":4}}"""), save: true, once: false);

        Assert.DoesNotContain("kiosk", Read("conf.json"));
        store.Set(Json("""{"device":{"id":"other_??"}}"""), save: true, once: false);
        Assert.Equal("other_" + digits[10..], (string?)Open().Get("device.id", null));
        Assert.Contains("other_??", Read("conf.json"));
    }

    [Fact]
    public void Schema_GivesDefaultsAndRefusesWhatDoesNotFit()
    {
        Write("conf_schema.json", """[["app.target","d",20.5,{"title":"Warmth","min":5,"max":30}],["app.size","i",3,{}]]""");
        Start();
        var store = Open();
        Assert.Equal(20.5, (double?)store.Get("app.target", 0));
        Assert.Equal(20.5, (double?)Json(File.ReadAllText(Path.Combine(root, "run/config.json")))["app"]!["target"]);

        Assert.Contains("[app.target] must be from 5 to 30, found 31", Assert.Throws<RpcException>(
            () => store.Set(Json("""{"app":{"target":31}}"""), save: true, once: false)).Message);
        Assert.Contains("[app.size] is not a number", Assert.Throws<RpcException>(
            () => store.SetLevel(Json("""{"app":{"size":"x"}}"""), 3, save: true, once: false)).Message);
        store.Set(Json("""{"app":{"target":22}}"""), save: false, once: false);

        var listed = store.Describe().ToDictionary(setting => setting.Setting.Key);
        Assert.Equal((9, "not saved"), (listed["app.target"].Level, listed["app.target"].From));
        Assert.Equal((0, "conf0.json"), (listed["app.size"].Level, listed["app.size"].From));
        Assert.Equal((0, "built in"), (listed["update.interval"].Level, listed["update.interval"].From));
        Assert.Equal((10, "board.json"), (listed["http.listen_addr"].Level, listed["http.listen_addr"].From));
        Assert.Equal("Warmth", listed["app.target"].Setting.Title);
    }

    [Fact]
    public void WhatCannotBeUsed_IsReported()
    {
        Write("conf_schema.json", "{");
        Write("conf2.json", "[1]");
        Directory.CreateDirectory(InSlot("conf4.json"));
        File.CreateSymbolicLink(InSlot("conf6.json"), "/etc/passwd");
        Write("conf7.json", new string(' ', (1 << 20) + 1));
        Write("conf8.json", """{"update":{"timeout":null},"mine":8}""");
        Start();

        Assert.Equal(
            ["conf_schema.json", "conf2.json", "conf4.json", "conf6.json", "conf7.json", "conf8.json"],
            Open().Problems().Select(problem => problem.Layer));
        Assert.Equal(8, (int?)Open().Get("mine", null));
        Assert.Equal("blue", (string?)Open().Get("app.color", null));
    }

    [Fact]
    public void WhatCouldNotBeReadAgain_IsNotTaken()
    {
        var store = Open();
        var deep = new JsonObject();
        ConfigPath.TrySet(deep, string.Join('.', Enumerable.Repeat("a", 25)), JsonNode.Parse(string.Concat(Enumerable.Repeat("[", 25)) + string.Concat(Enumerable.Repeat("]", 25))));

        Assert.Contains("deeper than", Assert.Throws<RpcException>(() => store.Set(deep, save: true, once: false)).Message);
        Assert.Contains("larger than", Assert.Throws<RpcException>(
            () => store.Set(new JsonObject { ["big"] = new string('x', 1 << 20) }, save: true, once: false)).Message);
        Assert.False(ConfigPath.TrySet(new JsonObject(), string.Join('.', Enumerable.Repeat("a", 30_000)), 1));
        Assert.Equal("blue", (string?)store.Get("app.color", null));
        Assert.Equal("""{"app":{"color":"blue"}}""", Read("conf.json"));
    }

    [Fact]
    public void InRecovery_ChangesAreInForceAndCannotBeSaved()
    {
        var store = new ConfigStore(device, null, null, UserId.Current);

        store.Set(Json("""{"update":{"timeout":9}}"""), save: false, once: false);

        Assert.Equal(9, store.Values.WholeNumber("update.timeout"));
        Assert.Contains("recovery", Assert.Throws<RpcException>(() => store.Save(once: false)).Message);
    }

    private ConfigStore Open() =>
        new(device, SlotId.Zero, new OwnedFiles(device.Volume, SlotId.Zero, UserId.Current), UserId.Current);

    private void Set(int level, string change, bool once)
    {
        if (level == 9)
        {
            Open().Set(Json(change), save: true, once);
        }
        else
        {
            Open().SetLevel(Json(change), level, save: true, once);
        }
    }

    /// <summary>What the boot loader does before the firmware starts.</summary>
    private void Start() => RunConfiguration.Write(device.Volume, device.Board, SlotId.Zero, UserId.Current, _ => { });

    private string InSlot(string name) => Path.Combine(root, "slots/0/fs", name);

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();

    private string Read(string name) => File.ReadAllText(Path.Combine(root, "slots/0/fs", name));

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(root, "slots/0/fs", name), text);
}
