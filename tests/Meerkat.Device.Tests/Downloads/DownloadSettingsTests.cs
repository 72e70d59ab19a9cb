using System.Text.Json.Nodes;
using Meerkat.Core.Settings;
using Meerkat.Core.Values;
using Meerkat.Device.Downloads;

namespace Meerkat.Device.Tests.Downloads;

public sealed class DownloadSettingsTests
{
    private static readonly DeviceIdentity Device =
        new("dev1", "0A1B2C3D4E5F", "demo", "linux-x64", new FirmwareVersion("1.0", "20260101/main@abc"), SlotId.Zero, "1", "0.1.0");

    [Fact]
    public void Headers_AreThoseOfTheOriginal()
    {
        var settings = Of(Device);

        Assert.Equal("dev1 0A1B2C3D4E5F", settings.DeviceId);
        Assert.Equal("linux-x64 1.0 20260101/main@abc", settings.Version);
        Assert.Equal("demo/1.0 (Meerkat/0.1.0; linux-x64)", settings.UserAgent);
    }

    [Fact]
    public void WordsThatAreMissing_LeaveNoGap()
    {
        var settings = Of(Device with { Id = "my device", Mac = "", App = "", Firmware = FirmwareVersion.None });

        Assert.Equal("my_device 000000000000", settings.DeviceId);
        Assert.Equal("linux-x64 - -", settings.Version);
        Assert.Equal("meerkat/0.1.0 (Meerkat/0.1.0; linux-x64)", settings.UserAgent);
    }

    [Theory]
    [InlineData("ca.pem", "")]
    [InlineData("", "")]
    [InlineData("there.pem", "")]
    [InlineData("gone.pem", "update.ssl_ca_file names gone.pem")]
    public void FileThatWasNamed_MustBeThere(string file, string problem) =>
        Assert.StartsWith(problem, Of(Device, ("update.ssl_ca_file", file)).TlsProblem);

    private static DownloadSettings Of(DeviceIdentity identity, params (string Key, JsonNode Value)[] changes)
    {
        var tree = BuiltInSettings.Defaults();
        foreach (var (key, value) in changes)
        {
            Assert.True(ConfigPath.TrySet(tree, key, value));
        }
        return DownloadSettings.Of(identity, new SettingValues(tree), name => name == "there.pem" ? "-----BEGIN" : "");
    }
}
