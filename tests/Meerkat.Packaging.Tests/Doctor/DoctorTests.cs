using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.Packaging.Tests.Doctor;

/// <summary><c>meerkat doctor</c> on real devices, sound and broken.</summary>
public sealed class DoctorTests
{
    [Fact]
    public async Task DeviceThatRuns_HasNoProblemOfItsOwn()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var (_, findings) = await ExamineAsync(device);
        // What the tests' machine is like (file system, control groups, watchdog) is not the device's.
        Assert.DoesNotContain(findings, finding => finding.State == "problem" && finding.Check != "file system");
        Assert.Contains(findings, finding => finding is { Check: "boot record", State: "ok" });
        Assert.Contains(findings, finding => finding is { Check: "slots", State: "ok", Text: "slot 0: seal and image are intact" });
        Assert.Contains(findings, finding => finding is { Check: "network", State: "ok" } && finding.Text.StartsWith(device.Address, StringComparison.Ordinal));
        Assert.Equal(2, findings.Count(finding => finding is { Check: "programs", State: "ok" }));
        Assert.Contains(findings, finding => finding is { Check: "space", State: "ok" });
        if (DeviceUnderTest.IsRoot)
        {
            Assert.Contains(findings, finding => finding is { Check: "rights", State: "ok" });
        }
    }

    [Fact]
    public async Task Table_SaysTheSameForPeople()
    {
        await using var device = await DeviceUnderTest.MakeAsync(TestFirmware.Good("1.0.0").Bundle());
        var (code, findings) = await ExamineAsync(device);
        var run = await CommandRun.MeerkatAsync("doctor", device.Root);
        Assert.Equal((code, ""), (run.ExitCode, run.Error));
        // The time and the free space are others a moment later.
        Assert.All(findings.Where(finding => finding.Check is not ("clock" or "space")), finding => Assert.Contains(
            run.Output.Split('\n'),
            line => line.Contains(finding.Check, StringComparison.Ordinal) && line.Contains(finding.State, StringComparison.Ordinal)
                && line.Contains(finding.Text, StringComparison.Ordinal) && line.Contains(finding.Advice, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("printf garbage >board.json", "board", "board.json is not JSON")]
    [InlineData("printf x | dd of=slots/0/image conv=notrunc 2>/dev/null", "slots", "slot 0: slots/0/image should have SHA-256")]
    [InlineData("rm slots/0/seal", "slots", "slot 0: slots/0/seal is missing")]
    [InlineData("head -c 300 /dev/zero >boot/record.0; head -c 300 /dev/zero >boot/record.1", "boot record", "both copies are damaged")]
    [InlineData("sed -i 's/\"settings\": {/\"settings\": { \"http\": { \"listen_addr\": \":80\" },/; s/\"http\": {$/\"was\": {/' board.json", "network", ":80 asks for nothing")]
    [InlineData("sed -i 's/\"agent\": \"separate\"/\"agent_program\": \"\\/gone\"/' board.json", "programs", "meerkat-agent is not there")]
    public async Task BrokenDevice_IsAProblem(string breakIt, string check, string problem)
    {
        await using var device = await DeviceUnderTest.MakeAsync(TestFirmware.Good("1.0.0").Bundle());
        await BreakAsync(device, breakIt);
        var (code, findings) = await ExamineAsync(device);
        Assert.Equal(1, code);
        var found = Assert.Single(findings, finding => finding.State == "problem" && finding.Check == check);
        Assert.Contains(problem, found.Text, StringComparison.Ordinal);
        Assert.NotEmpty(found.Advice);
    }

    [Fact]
    public async Task OneDamagedCopy_IsAWarning()
    {
        await using var device = await DeviceUnderTest.MakeAsync(TestFirmware.Good("1.0.0").Bundle());
        await BreakAsync(device, "printf x | dd of=boot/record.1 bs=1 seek=20 conv=notrunc 2>/dev/null");
        var (_, findings) = await ExamineAsync(device);
        Assert.Contains(findings, finding => finding is { Check: "boot record", State: "warning" });
    }

    [Theory]
    [InlineData("chmod 777 boot", "boot (mode 777")]
    [InlineData("chown 65534 boot/record.0", "boot/record.0 (mode 644, owner 65534")]
    [InlineData("chmod 755 slots/1", "slots/1 (mode 755")]
    [InlineData("chown 0:0 data", "data (mode 755, owner 0:0) cannot be written")]
    [InlineData("chmod o+w .", "(mode 757")]
    [InlineData("sed -i 's/separate/embedded/' board.json", "\"agent\" is embedded")]
    [InlineData("sed -i 's/\"user\": \"[a-z]*\"/\"user\": \"no-such-user\"/' board.json", "no user 'no-such-user'")]
    public async Task WrongRights_AreAProblem(string breakIt, string problem)
    {
        Assert.SkipUnless(DeviceUnderTest.IsRoot, "only root's devices have a firmware user of their own");
        await using var device = await DeviceUnderTest.MakeAsync(TestFirmware.Good("1.0.0").Bundle());
        await BreakAsync(device, "mkdir -p slots/1; chmod 700 slots/1; sed -i 's/\"user\": \"[a-z]*\"/\"user\": \"nobody\"/' board.json; "
            + "chown -R 65534:65534 data slots/0/fs; " + breakIt);
        var (code, findings) = await ExamineAsync(device);
        Assert.Equal(1, code);
        Assert.Contains(problem, Assert.Single(findings, finding => finding is { State: "problem", Check: "rights" or "board" }).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SomebodyElse_IsToldWhatCouldNotBeSeen()
    {
        Assert.SkipUnless(DeviceUnderTest.IsRoot, "only root can become somebody else");
        Assert.SkipUnless(File.Exists(Path.Combine(Packages.Artifacts, "meerkat")), "./build has not made the native programs");
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        // A copy that anybody may run, wherever the repository lies.
        var tool = Path.Combine(device.Folder, "meerkat");
        File.Copy(Path.Combine(Packages.Artifacts, "meerkat"), tool);
        var run = await CommandRun.RunAsync("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", tool, "doctor", device.Root, "--json");
        var findings = Findings(run.Output);
        Assert.Contains(findings, finding => finding is { Check: "slots", State: "not seen", Text: "slot 0 is closed to this user" });
        Assert.Contains(findings, finding => finding is { Check: "slots", State: "ok" });
        Assert.Contains(findings, finding => finding is { Check: "boot loader", State: "not seen" });
        Assert.Contains(findings, finding => finding is { Check: "rights", State: "ok" });
    }

    [Fact]
    public async Task PlaceWithoutADevice_IsAProblem()
    {
        var run = await CommandRun.MeerkatAsync("doctor", "/no/such/device", "--json");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("meerkat device init", Assert.Single(Findings(run.Output), finding => finding.Check == "board").Text, StringComparison.Ordinal);
    }

    private static async Task<(int Code, List<Seen> Findings)> ExamineAsync(DeviceUnderTest device)
    {
        var run = await CommandRun.MeerkatAsync("doctor", device.Root, "--json");
        Assert.Equal("", run.Error);
        var findings = Findings(run.Output);
        Assert.Equal(findings.Exists(finding => finding.State == "problem") ? 1 : 0, run.ExitCode);
        return (run.ExitCode, findings);
    }

    private static List<Seen> Findings(string json) => JsonNode.Parse(json)!["findings"]!.AsArray()
        .Select(finding => new Seen((string)finding!["check"]!, (string)finding["state"]!, (string)finding["text"]!, (string)finding["advice"]!))
        .ToList();

    private static async Task BreakAsync(DeviceUnderTest device, string script)
    {
        var run = await CommandRun.RunInAsync(device.Root, "sh", "-ec", script);
        Assert.True(run.ExitCode == 0, run.Error);
    }

    private sealed record Seen(string Check, string State, string Text, string Advice);
}
