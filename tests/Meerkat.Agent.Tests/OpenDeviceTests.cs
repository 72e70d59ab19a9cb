using System.Text.Json.Nodes;
using Meerkat.Agent.Tests.Harness;

namespace Meerkat.Agent.Tests;

/// <summary>A device that others could reach, and what its board makes of that.</summary>
public sealed class OpenDeviceTests
{
    private const int UnusableConfiguration = 78;

    [Fact]
    public async Task BoardThatForbidsIt_DoesNotListenOpenly()
    {
        await using var device = new RunningDevice { Prepare = folder => Board(folder, "forbid") };
        await device.InitializeAsync();

        var (exitCode, errors) = await AgentAsync(device, """{"listen_addr":"0.0.0.0:0"}""");
        Assert.Equal(UnusableConfiguration, exitCode);
        Assert.Contains("asks for nothing", errors);
        Assert.Contains("\"open\" in board.json forbids that", errors);

        (exitCode, errors) = await AgentAsync(device, """{"listen_addr":"0.0.0.0:0","auth_file":"pw.txt"}""");
        Assert.Equal(UnusableConfiguration, exitCode);
        Assert.Contains("http.auth_file is set without http.auth_domain", errors);

        // What would open it is refused where it is asked for; the device goes on.
        var refused = await device.CallAsync("Config.Set", """{"config":{"http":{"listen_addr":"0.0.0.0:8080"}}}""");
        Assert.Contains("forbids that", (string?)refused["error"]!["message"]);
        Assert.NotNull((await device.CallAsync("RPC.List"))["result"]);
    }

    [Fact]
    public async Task BoardThatWantsTls_DoesNotListenWithout()
    {
        await using var device = new RunningDevice
        {
            Prepare = folder =>
            {
                Board(folder, "forbid-plain");
                ProtectedDevice.Protect(folder);
            },
        };
        await device.InitializeAsync();

        var (exitCode, errors) = await AgentAsync(device, """{"listen_addr":"0.0.0.0:0","auth_domain":"RPC","auth_file":"pw.txt"}""");
        Assert.Equal(UnusableConfiguration, exitCode);
        Assert.Contains("http.ssl_cert is not set", errors);
    }

    [Theory]
    [InlineData("""{"listen_addr":"127.0.0.1:0","ssl_cert":"none.pem"}""", "none.pem is missing")]
    [InlineData("""{"listen_addr":"127.0.0.1:0","ssl_cert":"conf0.json"}""", "no certificate with its key")]
    [InlineData("""{"listen_addr":"127.0.0.1:0","ssl_ca_cert":"ca.pem"}""", "http.ssl_cert is not: without a certificate there is no TLS")]
    public async Task CertificateOfNoUseInATrial_Is78(string http, string reason)
    {
        await using var device = new RunningDevice();
        await device.InitializeAsync();

        var (exitCode, errors) = await AgentAsync(device, http);
        Assert.Equal(UnusableConfiguration, exitCode);
        Assert.Contains("cannot listen by TLS: ", errors);
        Assert.Contains(reason, errors);
    }

    private static void Board(DeviceFolder folder, string open)
    {
        var path = Path.Combine(folder.Root, "board.json");
        var board = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        board["open"] = open;
        File.WriteAllText(path, board.ToJsonString());
    }

    /// <summary>A second agent on the running device, as in a trial, which finds other settings in force.</summary>
    private static async Task<(int ExitCode, string Errors)> AgentAsync(RunningDevice device, string http)
    {
        var path = Path.Combine(device.Root, "run/config.json");
        var before = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        var changed = JsonNode.Parse(before)!.AsObject();
        changed["http"] = JsonNode.Parse(http);
        await File.WriteAllTextAsync(path, changed.ToJsonString(), TestContext.Current.CancellationToken);
        try
        {
            return await Programs.RunAgentAsync(device.Root, "trial");
        }
        finally
        {
            await File.WriteAllTextAsync(path, before, TestContext.Current.CancellationToken);
        }
    }
}
