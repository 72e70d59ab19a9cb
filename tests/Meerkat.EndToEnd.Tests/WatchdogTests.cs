using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>Firmware that says how it does, on the notify socket that the boot loader gives it.</summary>
public sealed class WatchdogTests
{
    /// <summary>Says it is ready and pings once. Perl is part of every Debian and Ubuntu; nothing smaller there sends a datagram.</summary>
    private const string PingOnce =
        """perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0); send(S, "READY=1\nWATCHDOG=1", 0, pack_sockaddr_un($ENV{NOTIFY_SOCKET})) or die $!'""";

    private static TestFirmware Says(string version, string script) =>
        new(version, script) { Manifest = new() { ["ready"] = "notify" } };

    [Fact]
    public async Task ReadySaid_TrialCommitsByItself_AndPingsKeepItRunning()
    {
        await using var device = await DeviceUnderTest.StartAsync("boot.watchdog=3");
        var pings = Says("1.1.0", $"while :; do {PingOnce}; sleep 1; done");
        var (code, text) = await device.PushAsync(pings.Bundle(), commitTimeout: 0);
        Assert.True(code == 200, text);
        await device.RunsAsync("1.1.0", trial: false);
        await Eventually.HoldsAsync("it runs longer than a silence may last", async () => await UptimeOfAgentAsync(device) > 4);
        Assert.Equal(["1.0.0 0 0", "1.1.0 1 1"], device.Starts());
    }

    [Fact]
    public async Task PingsThatStopInATrial_FallBack()
    {
        await using var device = await DeviceUnderTest.StartAsync("boot.watchdog=2");
        var (code, text) = await device.PushAsync(Says("1.1.0", $"{PingOnce}; {TestFirmware.Stay}").Bundle(), commitTimeout: 300);
        Assert.True(code == 200, text);
        var status = await device.FellBackToAsync("1.0.0", "watchdog_starved");
        Assert.Equal("firmware sent no watchdog ping for 2 s", (string?)status["reason"]!["text"]);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task NeverReadyInATrialThatWouldCommitItself_FallsBack()
    {
        await using var device = await DeviceUnderTest.StartAsync("boot.ready_timeout=8");
        var (code, text) = await device.PushAsync(Says("1.1.0", TestFirmware.Stay).Bundle(), commitTimeout: 0);
        Assert.True(code == 200, text);
        var status = await device.FellBackToAsync("1.0.0", "not_ready");
        Assert.Equal("firmware was not ready within 8 s", (string?)status["reason"]!["text"]);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task PingsThatStopInCommittedFirmware_StartItAgain()
    {
        await using var device = await DeviceUnderTest.StartAsync(
            Says("1.0.0", $"{PingOnce}; {TestFirmware.Stay}").Bundle(), "boot.watchdog=2");
        await Eventually.HoldsAsync("it has been started again", () => device.Starts().Length >= 2);
        await device.RunsAsync("1.0.0", trial: false);
        Assert.All(device.Starts(), line => Assert.Equal("1.0.0 0 0", line));
    }

    private static async Task<long> UptimeOfAgentAsync(DeviceUnderTest device) =>
        (long)(await device.CallAsync("Sys.GetInfo")).Result!["uptime"]!;
}
