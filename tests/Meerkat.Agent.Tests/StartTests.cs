using System.Net;
using System.Net.Sockets;
using Meerkat.Agent.Tests.Harness;

namespace Meerkat.Agent.Tests;

public sealed class StartTests(RunningDevice device) : IClassFixture<RunningDevice>
{
    private const int UnusableConfiguration = 78;

    [Fact]
    public async Task NoDevice_IsSaidInOneLine()
    {
        var (exitCode, errors) = await Programs.RunAgentAsync("/no/such/device", "committed");

        Assert.Equal(1, exitCode);
        Assert.Contains("/no/such/device is no device", Assert.Single(Lines(errors)));
    }

    [Fact]
    public async Task NoBootLoader_IsSaidInOneLine()
    {
        using var folder = new DeviceFolder("127.0.0.1:0");

        var (exitCode, errors) = await Programs.RunAgentAsync(folder.Root, "committed");

        Assert.Equal(1, exitCode);
        Assert.Contains("the boot loader", Assert.Single(Lines(errors)));
    }

    [Theory]
    [InlineData("somewhere:80", "expected an address and a port")]
    [InlineData("192.0.2.1:80", "cannot listen on 192.0.2.1:80")]
    public async Task AddressOfNoUseInATrial_Is78(string address, string reason)
    {
        var (exitCode, errors) = await WithAddressAsync(address, "trial");

        Assert.Equal(UnusableConfiguration, exitCode);
        Assert.Contains(reason, Assert.Single(Lines(errors)));
    }

    [Fact]
    public async Task AddressOfNoUseInCommittedFirmware_GivesWayToTheLastCommitted()
    {
        // The address of the last commit is taken too, so the agent ends and can be looked at.
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var last = taken.LocalEndpoint.ToString()!;
        var kept = Path.Combine(device.Root, "boot/agent.json");
        var before = File.Exists(kept) ? await File.ReadAllTextAsync(kept, TestContext.Current.CancellationToken) : null;
        await File.WriteAllTextAsync(kept, $$$"""{"http":{"listen_addr":"{{{last}}}"}}""", TestContext.Current.CancellationToken);

        var (exitCode, errors) = await WithAddressAsync("192.0.2.1:80", "committed");

        if (before is null)
        {
            File.Delete(kept);
        }
        else
        {
            await File.WriteAllTextAsync(kept, before, TestContext.Current.CancellationToken);
        }
        Assert.Equal(UnusableConfiguration, exitCode);
        Assert.Contains($"WARNING: the slot's own network settings cannot be used; listening with those of the last commit (boot/agent.json: {last})", errors);
        Assert.Contains($"cannot listen on {last}", errors);
    }

    /// <summary>A second agent on the running device, which finds another address in the settings in force.</summary>
    private async Task<(int ExitCode, string Errors)> WithAddressAsync(string address, string mode)
    {
        var path = Path.Combine(device.Root, "run/config.json");
        var before = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(path, before.Replace("127.0.0.1:0", address), TestContext.Current.CancellationToken);
        try
        {
            return await Programs.RunAgentAsync(device.Root, mode);
        }
        finally
        {
            await File.WriteAllTextAsync(path, before, TestContext.Current.CancellationToken);
        }
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
