using System.Diagnostics;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>SIGKILL to one process of a device, and a second boot loader on one root.</summary>
public sealed class KilledProcessTests
{
    /// <summary>Promised: so long after the boot loader's end nothing that it had started is alive.</summary>
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(2);

    /// <summary>A firmware with children, grandchildren, daemons and a process that is deaf to SIGTERM.</summary>
    private static readonly TestFirmware Prolific = new(
        "1.0.0",
        """
        setsid sh -c 'trap "" TERM; setsid sleep 77777 & sleep 77777; sleep 77777' &
        (setsid sleep 77777 &)
        sleep 77777 &
        exec sleep 100000
        """);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BootLoaderAlone_TakesAllThatItStartedWithIt(bool guardWasKilledToo)
    {
        await using var device = await DeviceUnderTest.StartAsync(Prolific.Bundle());
        await Eventually.HoldsAsync("the agent and six processes of the firmware run", () => ProcessLook.Of(device.Root).Count == 7);
        if (guardWasKilledToo)
        {
            var first = Guard(device) ?? 0;
            DeviceUnderTest.Kill(first);
            await Eventually.HoldsAsync("there is a new guard", () => Guard(device) is { } second && second != first);
        }

        var watch = Stopwatch.StartNew();
        DeviceUnderTest.Kill(device.BootLoader);
        await Eventually.HoldsAsync("nothing is left", () => ProcessLook.Of(device.Root).Count == 0);
        Assert.True(watch.Elapsed < Promised, $"all of it was gone only after {watch.Elapsed}");
        await Eventually.HoldsAsync("the guard ends when its work is done", () => Guard(device) is null);

        device.Start();
        await device.RunsAsync("1.0.0", trial: false);
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
    }

    [Fact]
    public async Task AgentAlone_IsStartedAgain_AndTheFirmwareIsNotDisturbed()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var (firmware, agent) = (device.Firmware, device.Agent);

        DeviceUnderTest.Kill(agent);
        await Eventually.HoldsAsync("there is a new agent", () => device.Agent is > 0 and var other && other != agent);
        await device.AnswersAsync();

        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        Assert.Equal(["1.0.0 0 0", "1.1.0 1 1"], device.Starts());
        Assert.NotEqual(firmware, device.Firmware);
    }

    [Fact]
    public async Task AgentInTheMiddleOfAnInstall_LeavesTheSlotFreeForTheNext()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var (firmware, agent) = (device.Firmware, device.Agent);
        using var upload = await SlowUpload.BeginAsync(device.Address, Large().Bundle());
        await upload.SendAsync(300_000);
        await Eventually.HoldsAsync("the slot is half written", () => File.Exists(device.PathOf("slots/1/image")));

        DeviceUnderTest.Kill(agent);
        await Eventually.HoldsAsync("there is a new agent", () => device.Agent is > 0 and var other && other != agent);
        await device.AnswersAsync();

        Assert.Equal(firmware, device.Firmware);
        Assert.Equal("empty", (string?)(await device.StatusAsync())!["slots"]![1]!["state"]);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task CommittedFirmwareAlone_IsStartedAgain_AndTheAgentIsNotDisturbed()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var (firmware, agent) = (device.Firmware, device.Agent);

        DeviceUnderTest.Kill(firmware);
        await Eventually.HoldsAsync("there is a new firmware", () => device.Firmware is > 0 and var other && other != firmware);
        await device.RunsAsync("1.0.0", trial: false);

        await Eventually.HoldsAsync("it has noted its start", () => device.Starts().Length == 2);
        Assert.Equal(["1.0.0 0 0", "1.0.0 0 0"], device.Starts());
        Assert.Equal(agent, device.Agent);
        Assert.Null((await device.StatusAsync())!["reason"]);
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
    }

    [Fact]
    public async Task SecondBootLoader_IsRefused_AndTheFirstGoesOn()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var all = ProcessLook.Of(device.Root).Order().ToList();

        var second = await CommandRun.RunAsync(Repository.Program("meerkat-boot"), device.Root);

        Assert.Equal(1, second.ExitCode);
        Assert.Equal(
            $"meerkat-boot: Error: another meerkat-boot runs the device in {device.Root} (it holds boot/lock); end that one first\n",
            second.Error);
        Assert.Equal(all, ProcessLook.Of(device.Root).Order());
        await device.AnswersAsync();
    }

    [Fact]
    public async Task BootLoaderWithoutADevice_SaysHowToMakeOne()
    {
        var empty = Directory.CreateTempSubdirectory("meerkat-").FullName;
        try
        {
            var run = await CommandRun.RunAsync(Repository.Program("meerkat-boot"), empty);
            Assert.Equal(1, run.ExitCode);
            Assert.Contains("meerkat device init", run.Error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(empty);
        }
    }

    [Fact]
    public async Task Sigterm_EndsEverythingInOrder()
    {
        await using var device = await DeviceUnderTest.StartAsync(Prolific.Bundle());
        await Eventually.HoldsAsync("all of it runs", () => ProcessLook.Of(device.Root).Count == 7);
        await device.StopAsync();
        Assert.Empty(ProcessLook.Of(device.Root));
        Assert.Contains("meerkat-boot: ended", device.Log, StringComparison.Ordinal);
    }

    private static TestFirmware Large() => new("1.1.0", TestFirmware.Stay)
    {
        Files = new Dictionary<string, string> { ["large.txt"] = new string('x', 1_000_000) },
    };

    private static int? Guard(DeviceUnderTest device) => ProcessLook.WithWords("--guard", device.Root);
}
