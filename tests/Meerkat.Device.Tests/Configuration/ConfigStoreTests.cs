using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Posix;
using Meerkat.Core.Protocol;
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
    public void InRecovery_ChangesAreInForceAndCannotBeSaved()
    {
        var store = new ConfigStore(device, null, null, UserId.Current);

        store.Set(Json("""{"update":{"timeout":9}}"""), save: false, once: false);

        Assert.Equal(9, store.Values.WholeNumber("update.timeout"));
        Assert.Contains("recovery", Assert.Throws<RpcException>(() => store.Save(once: false)).Message);
    }

    private ConfigStore Open() =>
        new(device, SlotId.Zero, new OwnedFiles(device.Volume, SlotId.Zero, UserId.Current), UserId.Current);

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();

    private string Read(string name) => File.ReadAllText(Path.Combine(root, "slots/0/fs", name));

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(root, "slots/0/fs", name), text);
}
