using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests.Mqtt;

/// <summary>An update by what is desired of the device (specification section 9).</summary>
public sealed class ShadowTests
{
    [Fact]
    public async Task DesiredUrl_IsInstalledReportedAndCommitted()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker, "shadow.autocommit=true");
        await using var site = await SiteAsync(device, "2.0.0");
        await using var reported = await Subscriber.StartAsync(broker, "dev1/shadow/reported");
        await reported.GetsAsync("\"url\":\"\",\"code\":0,\"message\":\"\",\"fw_version\":\"1.0.0\"");
        await broker.PublishAsync("dev1/shadow/desired", $$$"""{"ota":{"url":"{{{site.Url}}}/fw-2.0.0.zip","commit_timeout":"600"}}""", "-r");
        await reported.GetsAsync("\"code\":0,\"message\":\"starting update\"");
        await device.RunsAsync("2.0.0", trial: false);
        await reported.GetsAsync("\"message\":\"Committing FW update. OTA update finished.\"");
        var last = await reported.GetsAsync("\"fw_version\":\"2.0.0\",\"fw_id\":\"build-2.0.0\"");
        Assert.Contains($"\"url\":\"{site.Url}/fw-2.0.0.zip\",\"code\":1", last, StringComparison.Ordinal);
        await Eventually.HoldsAsync("the commit is reported", () => reported.Lines[^1].Contains("\"is_committed\":true", StringComparison.Ordinal)
            && reported.Lines[^1].Contains("2.0.0", StringComparison.Ordinal));
        // What is desired comes again with every connection, and with every new subscription of it.
        await broker.StopAsync();
        await broker.StartAgainAsync();
        await broker.PublishAsync("dev1/shadow/desired", $$$$$"""{"state":{"desired":{"ota":{"url":"{{{{{site.Url}}}}}/fw-2.0.0.zip"}}}}""", "-r");
        await using var again = await Subscriber.StartAsync(broker, "dev1/shadow/reported");
        await again.GetsAsync("\"fw_version\":\"2.0.0\"");
        Assert.Equal(2, device.Starts().Length);
    }

    [Fact]
    public async Task BundleThatCannotBeHad_IsReportedAndNotTakenAgain()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker);
        await using var site = await SiteAsync(device, "2.0.0");
        await using var reported = await Subscriber.StartAsync(broker, "dev1/shadow/reported");
        var missing = $$"""{"ota_url":"{{site.Url}}/nothing.zip"}""";
        await broker.PublishAsync("dev1/shadow/desired", missing);
        var line = await reported.GetsAsync("\"code\":-404");
        Assert.Contains($"\"ota_url\":\"{site.Url}/nothing.zip\",\"ota_code\":-404", line, StringComparison.Ordinal);
        await broker.PublishAsync("dev1/shadow/desired", missing);
        await broker.PublishAsync("dev1/shadow/desired", "garbage");
        await broker.PublishAsync("dev1/shadow/desired", """{"ota":{"url":"ftp://x/y.zip"}}""");
        await reported.GetsAsync("url must begin with http:// or https://");
        await broker.PublishAsync("dev1/shadow/desired", $$$"""{"ota":{"url":"http://127.0.0.1:{{{DeviceUnderTest.FreePort()}}}/fw.zip"}}""");
        await reported.GetsAsync("\"code\":-10,\"message\":\"Failed to connect");
        Assert.Equal(1, reported.Lines.Count(each => each.Contains("\"code\":-404", StringComparison.Ordinal)));
        await broker.PublishAsync("dev1/shadow/desired", $$$"""{"ota":{"url":"{{{site.Url}}}/fw-2.0.0.zip?x=2","commit_timeout":300}}""");
        await device.RunsAsync("2.0.0", trial: true);
        await reported.GetsAsync("\"message\":\"waiting for the commit\"");
        Assert.Null((await device.CallAsync("OTA.Commit")).Error);
        await Eventually.HoldsAsync("the commit is reported", () => reported.Lines[^1].Contains("\"is_committed\":true", StringComparison.Ordinal));
    }

    [Fact]
    public async Task FallBack_IsReported()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker);
        await using var site = await SiteAsync(device, "2.0.0", "sleep 3; exit 7");
        await using var reported = await Subscriber.StartAsync(broker, "dev1/shadow/reported");
        await broker.PublishAsync("dev1/shadow/desired", $$$"""{"ota":{"url":"{{{site.Url}}}/fw-2.0.0.zip","commit_timeout":300}}""", "-r");
        var line = await reported.GetsAsync("fell back: firmware exited with code 7");
        Assert.Contains("\"code\":-1", line, StringComparison.Ordinal);
        Assert.Contains("\"fw_version\":\"1.0.0\"", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AwsShadow_IsAskedForAndReportedInItsEnvelope()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var all = await Subscriber.StartAsync(broker, "$aws/#");
        await using var device = await MqttDevice.StartAsync(broker, "shadow.type=aws", "shadow.autocommit=true");
        await using var site = await SiteAsync(device, "2.0.0");
        await all.GetsAsync("$aws/things/dev1/shadow/get ");
        await all.GetsAsync("$aws/things/dev1/shadow/update 0 {\"state\":{\"reported\":{\"ota\":{\"url\":\"\"");
        await broker.PublishAsync("$aws/things/dev1/shadow/update/delta", $$$"""{"version":3,"state":{"ota":{"url":"{{{site.Url}}}/fw-2.0.0.zip"}},"metadata":{}}""");
        await device.RunsAsync("2.0.0", trial: false);
        await all.GetsAsync("$aws/things/dev1/shadow/update 0 {\"state\":{\"reported\":{\"ota\":{\"url\":\"" + site.Url);
    }

    private static async Task<FolderSite> SiteAsync(DeviceUnderTest device, string version, string? script = null)
    {
        var folder = Directory.CreateDirectory(Path.Combine(device.Folder, "site")).FullName;
        var firmware = TestFirmware.Good(version);
        await File.WriteAllBytesAsync(Path.Combine(folder, $"fw-{version}.zip"), (script is null ? firmware : firmware with { Script = script }).Bundle());
        return await FolderSite.StartAsync(folder);
    }
}
