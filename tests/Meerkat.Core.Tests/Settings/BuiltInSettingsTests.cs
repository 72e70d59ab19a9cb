using Meerkat.Core.Settings;

namespace Meerkat.Core.Tests.Settings;

public sealed class BuiltInSettingsTests
{
    [Fact]
    public void EveryDefault_IsAValueOfItsSetting()
    {
        Assert.All(BuiltInSettings.All, setting => Assert.Null(setting.Problem(setting.DefaultNode())));
        Assert.Equal(BuiltInSettings.All.Length, BuiltInSettings.All.Select(s => s.Key).Distinct().Count());
    }

    [Fact]
    public void Defaults_HoldEveryKey()
    {
        var tree = BuiltInSettings.Defaults();
        Assert.All(BuiltInSettings.All, setting =>
        {
            Assert.True(ConfigPath.TryGet(tree, setting.Key, out var value));
            Assert.Equal(setting.Default, value!.ToJsonString());
        });
    }

    [Fact]
    public void Path_DoesNotGoThroughValues()
    {
        var tree = BuiltInSettings.Defaults();
        Assert.False(ConfigPath.TryGet(tree, "update.url.x", out _));
        Assert.False(ConfigPath.TrySet(tree, "update.url.x", 1));
        Assert.False(ConfigPath.TrySet(tree, "update..x", 1));
        Assert.True(ConfigPath.TrySet(tree, "a.b.c", 1));
        Assert.Equal("""{"b":{"c":1}}""", tree["a"]!.ToJsonString());
    }
}
