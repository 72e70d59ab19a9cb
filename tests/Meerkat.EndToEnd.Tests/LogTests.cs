using System.Globalization;
using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary><c>Sys.GetLog</c> and <c>meerkat log</c> on a real device.</summary>
public sealed class LogTests
{
    private const string Counting =
        """
        n=0
        while :; do n=$((n + 1)); echo "line $n of $MEERKAT_VERSION ü"; sleep 0.02; done
        """;

    [Fact]
    public async Task Follow_MissesAndRepeatsNothing_AcrossARestart()
    {
        await using var device = await DeviceUnderTest.StartAsync(new TestFirmware("1.0.0", Counting).Bundle());
        await using var log = RunningTool.Start("log", "-f", "-n", "100000", "--port", device.Url);
        await log.SaysAsync("line 50 of 1.0.0");
        Assert.Null((await device.CallAsync("Sys.Reboot")).Error);
        await log.ShowsAsync("the second start", output => Count(output, "started 1.0.0") == 2);
        await log.ShowsAsync("and what follows", output =>
            output.LastIndexOf("line 20 of", StringComparison.Ordinal) > output.LastIndexOf("started", StringComparison.Ordinal));

        Assert.Equal(0, await log.InterruptAsync());
        Assert.StartsWith(log.Output, await File.ReadAllTextAsync(device.PathOf("log/slot-0.log")), StringComparison.Ordinal);
        Assert.Contains("(the device is back)", log.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Follow_GoesToTheNewSlotAndBack_WithoutRepeating()
    {
        await using var device = await DeviceUnderTest.StartAsync(new TestFirmware("1.0.0", Counting).Bundle());
        await using var log = RunningTool.Start("log", "-f", "-n", "100000", "--port", device.Url);
        await log.SaysAsync("line 5 of 1.0.0");
        var (code, text) = await device.PushAsync(new TestFirmware("1.1.0", "echo its last words; exit 1").Bundle(), commitTimeout: 60);
        Assert.True(code == 200, text);
        await device.FellBackToAsync("1.0.0", "exited");
        await log.ShowsAsync("the old firmware again", output => Count(output, "started 1.0.0") == 2);
        await log.SaysAsync("its last words");

        Assert.Equal(0, await log.InterruptAsync());
        Assert.Equal(1, Count(log.Output, "its last words"));
        var old = log.Output.Replace("started 1.1.0\nits last words\n", "", StringComparison.Ordinal);
        Assert.StartsWith(old, await File.ReadAllTextAsync(device.PathOf("log/slot-0.log")), StringComparison.Ordinal);
        var last = await CommandRun.MeerkatAsync("log", "--source", "last", "--port", device.Url);
        Assert.Equal("started 1.1.0\nits last words\n", last.Output);
        var other = await CommandRun.MeerkatAsync("log", "--slot", "1", "-n", "1", "--port", device.Url);
        Assert.Equal("its last words\n", other.Output);
    }

    [Fact]
    public async Task LongLog_IsReadWhole_ThroughItsRotation()
    {
        // Less than two files hold, so that nothing is lost however slow the reader.
        const int lines = 100_000;
        await using var device = await DeviceUnderTest.StartAsync(
            new TestFirmware("1.0.0", $"seq -f 'number %.0f' 1 {lines}; {TestFirmware.Stay}").Bundle());
        await Eventually.HoldsAsync("all is in the log", async () =>
            (await CommandRun.MeerkatAsync("log", "-n", "1", "--port", device.Url)).Output == $"number {lines}\n");

        var run = await CommandRun.MeerkatAsync("log", "-n", $"{lines}", "--port", device.Url);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(
            Enumerable.Range(1, lines).Select(number => string.Create(CultureInfo.InvariantCulture, $"number {number}")),
            run.Output.TrimEnd().Split('\n'));
        Assert.True(File.Exists(device.PathOf("log/slot-0.log.1")));
    }

    [Fact]
    public async Task Answers_FitIntoAFrame_AndNameWhatIsWrong()
    {
        await using var device = await DeviceUnderTest.StartAsync(
            new TestFirmware("1.0.0", $"head -c 300000 /dev/zero; {TestFirmware.Stay}").Bundle(), "rpc.max_frame_size=8192");
        await Eventually.HoldsAsync("it has printed", () => new FileInfo(device.PathOf("log/slot-0.log")).Length >= 300_000);
        var (_, answer) = await device.PostAsync("/rpc", """{"id":1,"method":"Sys.GetLog","params":{"lines":1000}}"""u8.ToArray());
        Assert.InRange(answer.Length, 4000, 8192);
        var (_, next) = await device.PostAsync("/rpc", """{"id":1,"method":"Sys.GetLog","params":{"cursor":""}}"""u8.ToArray());
        Assert.InRange(next.Length, 4000, 8192);
        Assert.True((bool)JsonNode.Parse(next)!["result"]!["more"]!);
        foreach (var wrong in (string[])["""{"source":"../board.json"}""", """{"slot":2}""", """{"source":"boot","slot":0}""", """{"cursor":"x"}""", """{"lines":-1}"""])
        {
            Assert.Equal(400, (int?)(await device.CallAsync("Sys.GetLog", wrong)).Error?["code"]);
        }
    }

    [Fact]
    public async Task BootLoader_KeepsItsLines()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
        var boot = await CommandRun.MeerkatAsync("log", "--source", "boot", "--port", device.Url);
        Assert.Matches(@"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z slot 1: 1\.1\.0 committed$", boot.Output);
        var agent = await CommandRun.MeerkatAsync("log", "--source", "agent", "-n", "5", "--port", device.Url);
        Assert.Contains("listens on", agent.Output, StringComparison.Ordinal);
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
