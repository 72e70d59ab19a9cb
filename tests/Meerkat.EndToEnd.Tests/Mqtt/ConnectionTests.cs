using System.Security.Cryptography.X509Certificates;
using Meerkat.EndToEnd.Tests.Harness;
using Meerkat.Rpc;
using Meerkat.Rpc.Client;

namespace Meerkat.EndToEnd.Tests.Mqtt;

/// <summary>Whatever becomes of the broker, the device runs its firmware and comes back.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task BrokerThatCrashes_IsConnectedToAgain()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker, "mqtt.will_topic=dev1/gone", "mqtt.will_message=bye");
        var firmware = device.Firmware;
        await broker.StopAsync();
        await Eventually.HoldsAsync("the loss is noticed", () => device.Log.Contains("connecting again", StringComparison.Ordinal));
        await device.AnswersAsync();
        await broker.StartAgainAsync();
        await MqttDevice.ConnectedAsync(device, broker, 2);
        await using var client = MqttDevice.Client(broker);
        Assert.Equal("1.0.0", (string?)(await client.CallAsync("OTA.Status"))!["version"]);
        Assert.Equal(firmware, device.Firmware);
        await using var gone = await Subscriber.StartAsync(broker, "dev1/gone");
        DeviceUnderTest.Kill(device.Agent);
        await gone.GetsAsync("bye");
        await MqttDevice.ConnectedAsync(device, broker, 3);
    }

    /// <summary>A trial is committed by its own rules when no broker is there.</summary>
    [Fact]
    public async Task BrokerThatIsNotThere_DelaysNothing()
    {
        await using var device = await DeviceUnderTest.StartAsync(
            "device.id=dev1", "mqtt.enable=true", $"mqtt.server=127.0.0.1:{DeviceUnderTest.FreePort()}", "mqtt.reconnect_timeout_min=1");
        Assert.Equal(200, (await device.PushAsync(TestFirmware.Good("2.0.0").Bundle())).Code);
        await device.RunsAsync("2.0.0", trial: false);
        Assert.Contains("cannot reach the broker at mqtt://127.0.0.1:", device.Log, StringComparison.Ordinal);
        Assert.Contains("connection refused; trying again", device.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_TakeEffectAtOnce()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await DeviceUnderTest.StartAsync("device.id=dev1");
        Assert.Null((await device.CallAsync("Config.Set", $$$$"""{"config":{"mqtt":{"enable":true,"server":"{{{{broker.Address}}}}"}}}""")).Error);
        await MqttDevice.ConnectedAsync(device, broker, 1);
        Assert.Null((await device.CallAsync("Config.Set", """{"config":{"debug":{"level":3}}}""")).Error);
        await using var client = MqttDevice.Client(broker);
        await client.CallAsync("Config.Set", """{"config":{"mqtt":{"client_id":"other","enable":true}}}""");
        await Eventually.HoldsAsync(device.Log, () => device.Log.Contains("as other", StringComparison.Ordinal));
        await client.CallAsync("Config.Set", """{"config":{"mqtt":{"enable":false}}}""");
        await Eventually.HoldsAsync(broker.Log, () => broker.Log.Contains("Client other disconnected", StringComparison.Ordinal));
        Assert.Equal(3, device.Log.Split("mqtt: connected to").Length);
    }

    [Fact]
    public async Task TlsWithClientCertificateAndPassword_LetsInWhoHasThem()
    {
        using var certificates = new Certificates();
        await using var broker = await StartSecureAsync(certificates, expired: false);
        var (certificate, key) = certificates.Sign("dev1");
        var (mine, myKey) = certificates.Sign("me");
        using var own = X509Certificate2.CreateFromPem(mine, myKey);
        await using var device = await StartAsync(broker, certificates, certificate, key);
        await MqttDevice.ConnectedAsync(device, broker, 1);
        await using (var client = MqttDevice.Client(broker, tls: new TlsOptions { Authorities = certificates.Trusted, Certificate = own }, user: "u:p%40ss@"))
        {
            Assert.Equal("1.0.0", (string?)(await client.CallAsync("OTA.Status"))!["version"]);
        }
        await using (var wrong = MqttDevice.Client(broker, tls: new TlsOptions { Authorities = certificates.Trusted, Certificate = own }, user: "u:wrong@"))
        {
            var refused = await Assert.ThrowsAsync<RpcTransportException>(() => wrong.CallAsync("RPC.List"));
            Assert.Contains("not authorized (wrong user or password?)", refused.Message, StringComparison.Ordinal);
        }
        await using (var bare = MqttDevice.Client(broker, tls: new TlsOptions { Authorities = certificates.Trusted }, user: "u:p%40ss@"))
        {
            var refused = await Assert.ThrowsAsync<RpcTransportException>(() => bare.CallAsync("RPC.List"));
            Assert.Contains("client certificate", refused.Message, StringComparison.Ordinal);
        }
        await using var stranger = MqttDevice.Client(broker, tls: new TlsOptions { Certificate = own }, user: "u:p%40ss@");
        var untrusted = await Assert.ThrowsAsync<RpcTransportException>(() => stranger.CallAsync("RPC.List"));
        Assert.Contains("no TLS with the broker", untrusted.Message, StringComparison.Ordinal);
        await using var trusting = MqttDevice.Client(broker, tls: new TlsOptions { Unverified = true, Certificate = own }, user: "u:p%40ss@");
        Assert.NotNull(await trusting.CallAsync("RPC.List"));
    }

    [Fact]
    public async Task ExpiredCertificate_KeepsTheDeviceRunningAndTrying()
    {
        using var certificates = new Certificates();
        await using var broker = await StartSecureAsync(certificates, expired: true);
        var (certificate, key) = certificates.Sign("dev1");
        await using var device = await StartAsync(broker, certificates, certificate, key);
        await Eventually.HoldsAsync(device.Log, () => device.Log.Contains("no TLS with the broker", StringComparison.Ordinal));
        Assert.True(device.Firmware > 0);
        Assert.Equal(200, (await device.GetAsync("/healthz")).Code);
        await WriteAsync(broker, certificates, expired: false);
        await broker.StopAsync();
        await broker.StartAgainAsync();
        await MqttDevice.ConnectedAsync(device, broker, 1);
    }

    [Fact]
    public async Task MissingAuthorities_AreNoReasonForLessSafety()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await DeviceUnderTest.StartAsync(MqttDevice.Settings(broker, "mqtt.ssl_ca_cert=nowhere.pem"));
        await Eventually.HoldsAsync(device.Log, () => device.Log.Contains("mqtt.ssl_ca_cert: there is no file nowhere.pem", StringComparison.Ordinal));
        Assert.DoesNotContain("New client connected", broker.Log, StringComparison.Ordinal);
    }

    /// <summary>What was sent to a device that was away waits at the broker.</summary>
    [Fact]
    public async Task PersistentSession_KeepsCallsForTheDevice()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var device = await MqttDevice.StartAsync(broker, "mqtt.clean_session=false");
        await device.StopAsync();
        await using var answers = await Subscriber.StartAsync(broker, "me/rpc");
        await broker.PublishAsync("dev1/rpc", """{"id":7,"src":"me","method":"RPC.Ping"}""");
        device.Start();
        await answers.GetsAsync("\"id\":7");
    }

    private static async Task<Mosquitto> StartSecureAsync(Certificates certificates, bool expired)
    {
        var folder = Directory.CreateTempSubdirectory("mosquitto-tls-").FullName;
        string[] configuration =
        [
            "allow_anonymous false", $"password_file {folder}/users", $"cafile {folder}/ca.pem", $"certfile {folder}/broker.pem", $"keyfile {folder}/broker.key",
            "require_certificate true",
        ];
        await WriteAsync(folder, certificates, expired);
        var made = await CommandRun.RunAsync("mosquitto_passwd", "-b", "-c", $"{folder}/users", "u", "p@ss");
        Assert.True(made.ExitCode == 0, made.Error);
        return await Mosquitto.StartAsync(configuration);
    }

    private static Task WriteAsync(Mosquitto broker, Certificates certificates, bool expired) =>
        WriteAsync(Path.GetDirectoryName(broker.Configuration.First(line => line.StartsWith("cafile ", StringComparison.Ordinal))["cafile ".Length..])!, certificates, expired);

    private static async Task WriteAsync(string folder, Certificates certificates, bool expired)
    {
        var (certificate, key) = certificates.Sign("broker", expired);
        await File.WriteAllTextAsync($"{folder}/ca.pem", certificates.Authority);
        await File.WriteAllTextAsync($"{folder}/broker.pem", certificate);
        await File.WriteAllTextAsync($"{folder}/broker.key", key);
    }

    private static Task<DeviceUnderTest> StartAsync(Mosquitto broker, Certificates certificates, string certificate, string key)
    {
        var firmware = TestFirmware.Good("1.0.0");
        firmware.Files["ca.pem"] = certificates.Authority;
        firmware.Files["own.pem"] = certificate;
        firmware.Files["own.key"] = key;
        return DeviceUnderTest.StartAsync(firmware.Bundle(), MqttDevice.Settings(
            broker, "mqtt.ssl_ca_cert=ca.pem", "mqtt.ssl_cert=own.pem", "mqtt.ssl_key=own.key", "mqtt.user=u", "mqtt.pass=p@ss"));
    }
}
