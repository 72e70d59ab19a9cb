using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.Packaging.Tests;

/// <summary>The packages in a system with dpkg and systemd, from the first installation to the purge.</summary>
[Collection(nameof(Packages))]
public sealed class InstallationTests
{
    /// <summary>Tries what a firmware may and may not do in the service's sandbox, and leaves what it saw in its data.</summary>
    private static readonly TestFirmware Curious = new(
        "1.0.0",
        """
        try() { if sh -c "$2" >/dev/null 2>&1; then echo "$1 yes"; else echo "$1 no"; fi >>"$MEERKAT_DATA/tried"; }
        try files 'echo x >own'
        try data 'echo x >"$MEERKAT_DATA/own"'
        try tmp 'echo x >/tmp/own'
        try image 'echo x >>../image'
        try record 'echo x >>../../../boot/record.0'
        try other 'ls ../../1'
        try socket 'cat ../../../run/boot.sock'
        try etc 'echo x >/etc/own'
        touch "$MEERKAT_DATA/done"
        exec sleep 100000
        """);

    /// <summary>A boot loader of a later version whose second half understands nothing that an older first half says.</summary>
    private const string Foreign =
        """
        cd usr/lib/meerkat; mv meerkat-boot real
        printf '#!/bin/sh\ncase "$1" in --exec|--guard) exit 99 ;; esac\nexec /usr/lib/meerkat/real "$@"\n' >meerkat-boot; chmod 755 meerkat-boot
        """;

    [Fact]
    public async Task FirstInstallation_WaitsForADevice_RunsIt_AndLeavesItAtThePurge()
    {
        await using var system = await SystemAsync();
        var said = await system.InstallAsync(await Packages.PathAsync("meerkat-device"), await Packages.PathAsync("meerkat"));
        Assert.Contains("meerkat device init /var/lib/meerkat FIRMWARE.zip --user meerkat", said, StringComparison.Ordinal);
        Assert.Equal("enabled", await system.OutputAsync("systemctl", "is-enabled", "meerkat"));
        Assert.Equal("absent", await system.StateAsync());
        await system.OutputAsync("systemctl", "start", "meerkat");
        Assert.Equal(("inactive", "exec-condition"), (await system.ShowAsync("ActiveState"), await system.ShowAsync("Result")));
        Assert.Equal("", await system.OutputAsync("dpkg", "--verify", "meerkat-device", "meerkat"));
        Assert.Equal("", await system.OutputAsync("systemd-analyze", "verify", "meerkat.service"));
        Assert.Contains("/usr/sbin/nologin", await system.OutputAsync("getent", "passwd", "meerkat"), StringComparison.Ordinal);

        await system.ProvisionAsync(Curious);
        await system.RunsAsync("1.0.0", committed: true);
        Assert.Equal("idle", await system.StateAsync());
        Assert.Equal("slot 0: 1.0.0", await system.ShowAsync("StatusText"));
        Assert.Equal("meerkat", await system.OutputAsync("stat", "-c", "%U", "/var/lib/meerkat/data"));
        await Eventually.HoldsAsync("the firmware has tried everything", async () =>
            (await system.RunAsync("test", "-e", "/var/lib/meerkat/data/done")).ExitCode == 0);
        Assert.Equal(
            "files yes\ndata yes\ntmp yes\nimage no\nrecord no\nother no\nsocket no\netc no",
            await system.OutputAsync("cat", "/var/lib/meerkat/data/tried"));

        var doctor = JsonNode.Parse((await system.RunAsync("meerkat", "doctor", "--json")).Output)!;
        var problems = doctor["findings"]!.AsArray().Where(finding => (string?)finding!["state"] == "problem").ToList();
        // The system is an overlay in memory, which is what the doctor must say of it, and nothing else.
        Assert.Equal("file system", (string?)Assert.Single(problems)!["check"]);
        Assert.Contains(doctor["findings"]!.AsArray(), finding => (string?)finding!["text"] == "systemd restarts a boot loader that is silent for 120 s");

        var programs = await system.OutputAsync("pgrep", "-fc", "/usr/lib/meerkat/");
        Assert.NotEqual("0", programs);
        await system.OutputAsync("dpkg", "--purge", "meerkat-device");
        Assert.Equal(1, (await system.RunAsync("pgrep", "-f", "/usr/lib/meerkat/")).ExitCode);
        Assert.Equal("1.0.0 0 0", await system.OutputAsync("cat", "/var/lib/meerkat/data/starts"));
        Assert.Equal(1, (await system.RunAsync("test", "-e", "/etc/default/meerkat")).ExitCode);

        // Installed again, the device goes on by itself.
        await system.InstallAsync(await Packages.PathAsync("meerkat-device"));
        await system.RunsAsync("1.0.0", committed: true);
    }

    [Fact]
    public async Task UpgradeOfThePackages_LeavesATrialAlone_AndRestartsADeviceThatIsIdle()
    {
        await using var system = await SystemAsync();
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        try
        {
            var package = await Packages.PathAsync("meerkat-device");
            await StartTrialAsync(system);
            var loader = await system.ShowAsync("MainPID");

            var said = await system.InstallAsync(await Packages.LaterAsync(package, folder, "98.0", Foreign));
            Assert.Contains("an update is on its way (trial), so the service is not restarted", said, StringComparison.Ordinal);
            Assert.EndsWith("(deleted)", await system.OutputAsync("readlink", $"/proc/{loader}/exe"));
            Assert.Equal("trial", await system.StateAsync());
            // The old boot loader starts the agent, and later the firmware, through its own second half, not through the file's.
            await system.OutputAsync("pkill", "-9", "-f", "meerkat-agent");
            await Eventually.HoldsAsync("the agent answers again", async () => (await system.StatusAsync()).Length > 0);
            await system.OutputAsync("meerkat", "commit", "--port", InstalledSystem.Address);
            await system.RunsAsync("1.1.0", committed: true);
            Assert.Equal(loader, await system.ShowAsync("MainPID"));

            await system.OutputAsync("meerkat", "reboot", "--port", InstalledSystem.Address);
            await Eventually.HoldsAsync("it has started the firmware again", async () =>
                await system.OutputAsync("cat", "/var/lib/meerkat/data/starts") == "1.0.0 0 0\n1.1.0 1 1\n1.1.0 1 0");
            Assert.Equal(loader, await system.ShowAsync("MainPID"));
            await system.RunsAsync("1.1.0", committed: true);

            await system.InstallAsync(await Packages.LaterAsync(package, folder, "99.0"));
            await Eventually.HoldsAsync("the new boot loader runs", async () => await system.ShowAsync("MainPID") is var now && now != loader && now != "0");
            await system.RunsAsync("1.1.0", committed: true);
            Assert.Null(JsonNode.Parse(await system.StatusAsync())!["status"]!["reason"]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task RestartInATrialAfterAnUpgrade_FallsBackWithItsTrueReason()
    {
        await using var system = await SystemAsync();
        await StartTrialAsync(system);
        await system.InstallAsync(await Packages.PathAsync("meerkat-device"));
        await system.OutputAsync("systemctl", "restart", "meerkat");
        await system.RunsAsync("1.0.0", committed: true);
        Assert.Equal("boot_loader_stopped", (string?)JsonNode.Parse(await system.StatusAsync())!["status"]!["reason"]!["code"]);
    }

    [Fact]
    public async Task UpgradeOfThePackages_LeavesAnInstallationAlone()
    {
        await using var system = await SystemAsync();
        await system.InstallAsync(await Packages.PathAsync("meerkat-device"), await Packages.PathAsync("meerkat"));
        await system.ProvisionAsync(TestFirmware.Good("1.0.0"));
        await system.RunsAsync("1.0.0", committed: true);
        var large = TestFirmware.Good("1.1.0") with { Files = new() { ["large"] = new string('x', 3_000_000) } };
        await system.PutAsync("/packages/large.zip", large.Bundle());
        var upload = system.RunAsync(
            "curl", "-sS", "--limit-rate", "200k", "-F", "file=@/packages/large.zip", "-F", "commit_timeout=300", InstalledSystem.Address + "/update");
        await Eventually.HoldsAsync("it installs", async () => await system.StateAsync() == "installing");

        var said = await system.InstallAsync(await Packages.PathAsync("meerkat-device"));
        Assert.Contains("(installing)", said, StringComparison.Ordinal);
        var sent = await upload;
        Assert.True(sent.ExitCode == 0, sent.Error);
        await system.RunsAsync("1.1.0", committed: false);
    }

    [Fact]
    public async Task BootLoaderThatHangs_IsStartedAgainBySystemd()
    {
        await using var system = await SystemAsync();
        await system.InstallAsync(await Packages.PathAsync("meerkat-device"), await Packages.PathAsync("meerkat"));
        await system.ShellAsync(
            """
            mkdir -p /etc/systemd/system/meerkat.service.d
            printf '[Service]\nWatchdogSec=3\n' >/etc/systemd/system/meerkat.service.d/quick.conf
            systemctl daemon-reload
            """);
        await system.ProvisionAsync(TestFirmware.Good("1.0.0"));
        await system.RunsAsync("1.0.0", committed: true);
        var loader = await system.ShowAsync("MainPID");
        var first = await system.ShowAsync("WatchdogTimestampMonotonic");
        await Eventually.HoldsAsync("it has pinged for longer than it may be silent", async () =>
            long.Parse(await system.ShowAsync("WatchdogTimestampMonotonic")) - long.Parse(first) > 4_000_000);
        Assert.Equal((loader, "0"), (await system.ShowAsync("MainPID"), await system.ShowAsync("NRestarts")));

        await system.OutputAsync("kill", "-STOP", loader);
        await Eventually.HoldsAsync("there is another boot loader", async () => await system.ShowAsync("NRestarts") == "1");
        await system.RunsAsync("1.0.0", committed: true);
        Assert.NotEqual(loader, await system.ShowAsync("MainPID"));
    }

    private static async Task StartTrialAsync(InstalledSystem system)
    {
        await system.InstallAsync(await Packages.PathAsync("meerkat-device"), await Packages.PathAsync("meerkat"));
        await system.ProvisionAsync(TestFirmware.Good("1.0.0"));
        await system.RunsAsync("1.0.0", committed: true);
        await system.PutAsync("/packages/new.zip", TestFirmware.Good("1.1.0").Bundle());
        await system.OutputAsync("meerkat", "update", "/packages/new.zip", "--commit-timeout", "600", "--port", InstalledSystem.Address);
        await system.RunsAsync("1.1.0", committed: false);
    }

    private static async Task<InstalledSystem> SystemAsync()
    {
        Assert.SkipUnless(Packages.HasNative, "./build has not made the native programs");
        var impossible = await InstalledSystem.ImpossibleAsync();
        Assert.SkipUnless(impossible.Length == 0, impossible);
        return await InstalledSystem.StartAsync();
    }
}
