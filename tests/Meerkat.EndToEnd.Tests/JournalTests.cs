using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>
/// What arrives in the journal. A socket of the test stands at the journal's path, in a mount namespace of the boot loader's own.
/// </summary>
public sealed class JournalTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
    private JournalSocket? journal;

    public ValueTask InitializeAsync()
    {
        Assert.SkipUnless(DeviceUnderTest.IsRoot, "only root can put a socket in the journal's place");
        journal = new JournalSocket(Path.Combine(folder, "socket"));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (journal is not null)
        {
            await journal.DisposeAsync();
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Life_ArrivesWithItsFields()
    {
        await using var device = await StartAsync("$(stat -L -c %d:%i /proc/$$/fd/2)");
        await device.RunsAsync("1.0.0", trial: false);

        var decision = await journal!.GetsEventAsync("boot_decision");
        Assert.Equal(("meerkat-boot", "5", "dev7"), (decision["SYSLOG_IDENTIFIER"], decision["PRIORITY"], decision["MEERKAT_DEVICE"]));
        Assert.Equal(("0", "1.0.0", "Committed"), (decision["MEERKAT_SLOT"], decision["MEERKAT_VERSION"], decision["MEERKAT_REASON"]));
        Assert.StartsWith("rule Committed: Run slot 0", decision["MESSAGE"], StringComparison.Ordinal);
        var printed = await journal.GetsAsync("a line of the firmware", entry => entry["MESSAGE"] == "started 1.0.0");
        Assert.Equal(("meerkat-firmware", "0", "1.0.0"), (printed["SYSLOG_IDENTIFIER"], printed["MEERKAT_SLOT"], printed["MEERKAT_VERSION"]));
        var listens = await journal.GetsAsync("a line of the agent", entry => entry["MESSAGE"].StartsWith("dev7 listens on ", StringComparison.Ordinal));
        Assert.Equal(("meerkat-agent", "6"), (listens["SYSLOG_IDENTIFIER"], listens["PRIORITY"]));

        await device.PushAsync(new TestFirmware("1.1.0", "printf '<3>it is hot\\n'; exec sleep 100000").Bundle(), commitTimeout: 600);
        await device.RunsAsync("1.1.0", trial: true);
        Assert.Null((await device.CallAsync("OTA.Commit")).Error);
        var begun = await journal.GetsEventAsync("update_begun");
        Assert.Equal(("meerkat-agent", "1", "1.1.0"), (begun["SYSLOG_IDENTIFIER"], begun["MEERKAT_SLOT"], begun["MEERKAT_VERSION"]));
        var ended = await journal.GetsEventAsync("update_ended");
        Assert.Equal(
            ("installed", "1", "1.1.0", "update: 1 Update applied, rebooting"),
            (ended["MEERKAT_REASON"], ended["MEERKAT_SLOT"], ended["MEERKAT_VERSION"], ended["MESSAGE"]));
        Assert.Equal("1.1.0", (await journal.GetsEventAsync("armed"))["MEERKAT_VERSION"]);
        await journal.GetsAsync("the trial", entry => Is(entry, "trial_started", "1", "1.1.0"));
        await journal.GetsAsync("the commit", entry => Is(entry, "committed", "1", "1.1.0"));
        var hot = await journal.GetsAsync("a bad line", entry => entry["MESSAGE"] == "it is hot");
        Assert.Equal(("3", "meerkat-firmware", "1.1.0"), (hot["PRIORITY"], hot["SYSLOG_IDENTIFIER"], hot["MEERKAT_VERSION"]));

        await device.PushAsync(new TestFirmware("1.2.0", "exit 7").Bundle(), commitTimeout: 600);
        await device.FellBackToAsync("1.1.0", "exited");
        var back = await journal.GetsEventAsync("fall_back");
        Assert.Equal(("4", "0", "1.2.0", "exited"), (back["PRIORITY"], back["MEERKAT_SLOT"], back["MEERKAT_VERSION"], back["MEERKAT_REASON"]));

        var foreign = new TestFirmware("9.0.0", TestFirmware.Stay) { Manifest = new() { ["platform"] = "toaster" } };
        Assert.NotEqual(200, (await device.PushAsync(foreign.Bundle())).Code);
        var refused = await journal.GetsEventAsync("update_refused");
        Assert.Equal(("4", "refused"), (refused["PRIORITY"], refused["MEERKAT_REASON"]));
        Assert.Contains("toaster", refused["MESSAGE"], StringComparison.Ordinal);

        Assert.Empty(device.Log.Trim());
    }

    [Fact]
    public async Task OutputThatGoesElsewhere_StaysThere()
    {
        await using var device = await StartAsync("1:1");
        await device.RunsAsync("1.0.0", trial: false);

        Assert.Contains("meerkat-boot: rule Committed: Run slot 0", device.Log, StringComparison.Ordinal);
        Assert.Contains("meerkat-agent: dev7 listens on ", device.Log, StringComparison.Ordinal);
        Assert.Contains("started 1.0.0", device.Log, StringComparison.Ordinal);
        Assert.Empty(journal!.Entries);
    }

    [Fact]
    public async Task FirmwaresOutputThatGoesElsewhere_StaysThere()
    {
        await using var device = await StartAsync("$(stat -L -c %d:%i /proc/$$/fd/2)", "");
        await device.RunsAsync("1.0.0", trial: false);

        await journal!.GetsEventAsync("firmware_started");
        await Eventually.HoldsAsync("the firmware's line comes", () => device.Log.Trim() == "started 1.0.0");
        Assert.DoesNotContain(journal.Entries, entry => entry["SYSLOG_IDENTIFIER"] == "meerkat-firmware");
    }

    private static bool Is(Dictionary<string, string> entry, string name, string slot, string version) =>
        entry.GetValueOrDefault("MEERKAT_EVENT") == name
        && entry.GetValueOrDefault("MEERKAT_SLOT") == slot && entry.GetValueOrDefault("MEERKAT_VERSION") == version;

    /// <summary>A device whose boot loader finds the test's socket where the journal's is.</summary>
    /// <param name="stream">What JOURNAL_STREAM says; a shell expands it.</param>
    /// <param name="redirections">Of the boot loader's output.</param>
    private async Task<DeviceUnderTest> StartAsync(string stream, string redirections = ">&2")
    {
        var program = Path.Combine(folder, "boot");
        await File.WriteAllTextAsync(
            program,
            $"""
            #!/bin/sh
            export JOURNAL_STREAM="{stream}"
            exec unshare -m sh -c 'mount -t tmpfs none /run && mkdir -p /run/systemd/journal \
                && mount --bind "{folder}" /run/systemd/journal && exec "{Repository.Program("meerkat-boot")}" "$0" {redirections}' "$1"

            """);
        File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
        var device = await DeviceUnderTest.MakeAsync(
            TestFirmware.Good("1.0.0").Bundle(), Repository.Program("meerkat"), program, null, "device.id=dev7");
        return await device.StartedAsync();
    }
}
