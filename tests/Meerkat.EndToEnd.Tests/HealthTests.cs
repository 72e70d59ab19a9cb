using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>A bundle says in health.json what must hold: its trial commits itself then, and falls back when the time is over.</summary>
public sealed class HealthTests
{
    /// <param name="Name">For the test's name.</param>
    /// <param name="Contract">health.json; PORT is a port that answers HTTP 500, FREE one that nobody listens on.</param>
    /// <param name="Text">What the reason says of it.</param>
    public sealed record BadHealth(string Name, string Contract, string Text)
    {
        public override string ToString() => Name;
    }

    public static TheoryData<BadHealth> BadHealths => new(
        new BadHealth("command", """{"max_time": 4, "interval": 1, "probes": [{"name": "sums", "command": "echo wrong sum; exit 3"}]}""", "sums: exit code 3: wrong sum"),
        new BadHealth("slow-command", """{"max_time": 5, "interval": 1, "probes": [{"command": "sleep 1000 & sleep 1000", "timeout": 1}]}""", "command: not ended within 1 s, and killed"),
        new BadHealth("tcp", """{"max_time": 3, "interval": 1, "probes": [{"alive": true}, {"tcp": "127.0.0.1:FREE"}]}""", "tcp: Connection refused"),
        new BadHealth("http", """{"max_time": 3, "interval": 1, "probes": [{"name": "web", "http": "http://127.0.0.1:PORT/"}]}""", "web: HTTP 500, expected 200 to 299"),
        new BadHealth("http-status", """{"max_time": 3, "interval": 1, "probes": [{"name": "web", "http": "http://127.0.0.1:PORT/", "status": 204}]}""", "web: HTTP 500, expected 204"),
        new BadHealth("mqtt", """{"max_time": 3, "interval": 1, "probes": [{"mqtt": true}]}""", "mqtt: mqtt is not configured: mqtt.server is empty"),
        new BadHealth("fleet", """{"max_time": 3, "interval": 1, "probes": [{"fleet": true}]}""", "fleet: no fleet is configured: update.url and rpc.ws.server_address are empty"));

    [Theory]
    [MemberData(nameof(BadHealths))]
    public async Task ProbeThatDoesNotHold_FallsBackAtTheMaximumTime_AndSaysWhich(BadHealth bad)
    {
        await using var web = new Answering(500);
        await using var device = await DeviceUnderTest.StartAsync();
        var contract = bad.Contract
            .Replace("PORT", Text(web.Port), StringComparison.Ordinal)
            .Replace("FREE", Text(DeviceUnderTest.FreePort()), StringComparison.Ordinal);
        await PushAsync(device, With("1.1.0", contract), commitTimeout: 0);

        var status = await device.FellBackToAsync("1.0.0", "health_failed");

        Assert.StartsWith("the health contract did not hold within ", (string?)status["reason"]!["text"], StringComparison.Ordinal);
        Assert.Contains(bad.Text, (string?)status["reason"]!["text"], StringComparison.Ordinal);
        Assert.Equal("failed", (string?)status["health"]!["state"]);
        Assert.Contains(bad.Text, (string?)status["health"]!["problem"], StringComparison.Ordinal);
        Assert.Equal(2, ProcessLook.Of(device.Root).Count);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task AllHold_CommitsByItself_NotBeforeTheMinimumTime()
    {
        await using var web = new Answering(200);
        await using var device = await DeviceUnderTest.StartAsync();
        var contract = $$"""
            {"min_time": 3, "max_time": 60, "interval": 1, "probes": [
              {"alive": true}, {"ready": true}, {"http": "http://127.0.0.1:{{web.Port}}/healthz"},
              {"tcp": "127.0.0.1:{{web.Port}}"}, {"command": "test -f version.txt && test \"$MEERKAT_TRIAL\" = 1 && id -u"}]}
            """;
        await PushAsync(device, With("1.1.0", contract), commitTimeout: 0);
        await device.RunsAsync("1.1.0", trial: false);

        var health = (await device.StatusAsync())!["health"]!;
        Assert.Equal("held", (string?)health["state"]);
        Assert.Equal("1.1.0", (string?)health["version"]);
        Assert.Equal("", (string?)health["problem"]);
        Assert.True((double)health["at"]! >= 3);
        Assert.Equal(["alive", "ready", "http", "tcp", "command"], health["probes"]!.AsArray().Select(probe => (string?)probe!["name"]));
        Assert.All(health["probes"]!.AsArray(), probe => Assert.True((bool)probe!["held"]!));
        if (DeviceUnderTest.IsRoot)
        {
            Assert.NotEqual("exit code 0: 0", (string?)health["probes"]![4]!["last"]);
        }
    }

    [Fact]
    public async Task Results_AreKeptWhenTheDeviceIsStartedAgain()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await PushAsync(device, With("1.1.0", """{"max_time": 60, "probes": [{"command": "true"}]}"""), commitTimeout: 0);
        await device.RunsAsync("1.1.0", trial: false);
        await device.StopAsync();
        device.Start();
        await device.RunsAsync("1.1.0", trial: false);
        Assert.Equal("held", (string?)(await device.StatusAsync())!["health"]!["state"]);
    }

    [Fact]
    public async Task ProbeThatFailed_MayHoldLater()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var contract = $$"""{"max_time": 60, "interval": 1, "probes": [{"command": "test -f \"$MEERKAT_DATA/go\""}]}""";
        await PushAsync(device, With("1.1.0", contract), commitTimeout: 0);
        await device.RunsAsync("1.1.0", trial: true);
        await ToldAsync(device, "command: exit code 1");
        await File.WriteAllTextAsync(device.PathOf("data/go"), "");
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Fact]
    public async Task KilledAgent_GoesOnWithTheContract()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var contract = """{"max_time": 60, "interval": 1, "probes": [{"command": "test -f \"$MEERKAT_DATA/go\""}]}""";
        await PushAsync(device, With("1.1.0", contract), commitTimeout: 0);
        await device.RunsAsync("1.1.0", trial: true);
        await ToldAsync(device, "command: exit code 1");
        var (before, left) = (device.Agent, (double)(await device.StatusAsync())!["deadline_left"]!);
        DeviceUnderTest.Kill(before);
        await Eventually.HoldsAsync("another agent", () => device.Agent is var now && now > 0 && now != before);
        await device.RunsAsync("1.1.0", trial: true);
        Assert.True((double)(await device.StatusAsync())!["deadline_left"]! <= left);
        await File.WriteAllTextAsync(device.PathOf("data/go"), "");
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Fact]
    public async Task StoppedAgent_DelaysNothing()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var contract = """{"max_time": 6, "interval": 1, "probes": [{"name": "go", "command": "exit 9"}]}""";
        await PushAsync(device, With("1.1.0", contract), commitTimeout: 0);
        await device.RunsAsync("1.1.0", trial: true);
        await ToldAsync(device, "go: exit code 9");
        await CommandRun.RunAsync("kill", "-STOP", Text(device.Agent));
        var status = await device.FellBackToAsync("1.0.0", "health_failed");
        Assert.Equal("the health contract did not hold within 6 s: go: exit code 9", (string?)status["reason"]!["text"]);
    }

    [Theory]
    [InlineData(3, 600)]
    [InlineData(600, 3)]
    public async Task CommitTimeout_AndTheMaximumTime_TheEarlierIsTheDeadline(int commitTimeout, int maxTime)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var contract = $$"""{"max_time": {{maxTime}}, "interval": 1, "probes": [{"command": "exit 1"}]}""";
        await PushAsync(device, With("1.1.0", contract), commitTimeout);
        var status = await device.FellBackToAsync("1.0.0", "health_failed");
        Assert.Equal("the health contract did not hold within 3 s: command: exit code 1", (string?)status["reason"]!["text"]);
    }

    [Fact]
    public async Task Person_MayCommitEarlier()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await PushAsync(device, With("1.1.0", """{"max_time": 600, "interval": 1, "probes": [{"command": "exit 1"}]}"""), commitTimeout: 0);
        await device.RunsAsync("1.1.0", trial: true);
        await ToldAsync(device, "command: exit code 1");
        Assert.Null((await device.CallAsync("OTA.Commit")).Error);
        await device.RunsAsync("1.1.0", trial: false);
        Assert.Equal("ended", (string?)(await device.StatusAsync())!["health"]!["state"]);
    }

    [Fact]
    public async Task HeldUpdate_HasItsContractToo()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var contract = """{"max_time": 60, "interval": 1, "probes": [{"command": "test -f \"$MEERKAT_DATA/go\""}]}""";
        await File.WriteAllBytesAsync(Path.Combine(device.Folder, "held.zip"), With("1.1.0", contract).Bundle());
        var pushed = await CommandRun.RunAsync(
            Repository.Program("meerkat"), "update", Path.Combine(device.Folder, "held.zip"), "--port", device.Url, "--no-activate", "--commit-timeout", "0");
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Null((await device.CallAsync("OTA.Activate")).Error);
        await device.RunsAsync("1.1.0", trial: true);
        await ToldAsync(device, "command: exit code 1");
        await File.WriteAllTextAsync(device.PathOf("data/go"), "");
        await device.RunsAsync("1.1.0", trial: false);
    }

    [Theory]
    [InlineData("""{"probes": []}""", "health.json: probes: expected an array of 1 to 16 probes, found 0")]
    [InlineData("""{"probes": [{"htp": "http://127.0.0.1/"}]}""", "health.json: probes[0]: expected one of alive, ready, http, tcp, command, mqtt, fleet, found none")]
    [InlineData("{", "health.json: expected JSON: ")]
    public async Task DamagedContract_IsRefused_AndNothingIsArmed(string contract, string text)
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var (code, answer) = await device.PushAsync(With("1.1.0", contract).Bundle(), commitTimeout: 0);
        Assert.Equal(500, code);
        Assert.Contains(text, answer, StringComparison.Ordinal);
        var status = (await device.StatusAsync())!;
        Assert.Equal("1.0.0", (string?)status["version"]);
        Assert.Equal(0, (int)status["active_slot"]!);
        Assert.True((bool)status["is_committed"]!);
        Assert.Equal("empty", (string?)status["slots"]![1]!["state"]);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task NextFirmwareWithoutAContract_DoesNotInheritIt()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await PushAsync(device, With("1.1.0", """{"max_time": 60, "probes": [{"command": "test $MEERKAT_VERSION = 1.1.0"}]}"""), commitTimeout: 0);
        await device.RunsAsync("1.1.0", trial: false);
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
        Assert.False(File.Exists(device.PathOf("slots/0/fs/health.json")));
        Assert.True(File.Exists(device.PathOf("slots/0/fs/only-in-1.1.0.txt")));
        Assert.Null((await device.StatusAsync())!["health"]);
    }

    [Fact]
    public async Task Keys_AreAContract_AndAWrongOneIsRefused()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var (_, error) = await device.CallAsync("Config.Set", """{"config": {"health": {"tcp": "nowhere"}}, "save": true}""");
        Assert.Equal("invalid config value: health.tcp: expected host and port like 127.0.0.1:5432, found \"nowhere\"", (string?)error!["message"]);
        Assert.Null((await device.CallAsync("Config.Set", """{"config": {"health": {"command": "exit 4", "max_time": 4}}, "save": true}""")).Error);
        await PushAsync(device, TestFirmware.Good("1.1.0"), commitTimeout: 0);
        var status = await device.FellBackToAsync("1.0.0", "health_failed");
        Assert.Equal("the health contract did not hold within 4 s: command: exit code 4", (string?)status["reason"]!["text"]);
    }

    [Fact]
    public async Task WrongKindOfKeyInABundle_EndsItsTrial_AndIsNamed()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var firmware = TestFirmware.Good("1.1.0");
        firmware.Files["conf0.json"] = """{"health": {"tcp": 5432}}""";
        await PushAsync(device, firmware, commitTimeout: 0);
        var status = await device.FellBackToAsync("1.0.0", "health_failed");
        Assert.Equal("the health contract cannot hold: conf0.json: [health.tcp] is not a string", (string?)status["reason"]!["text"]);
        Assert.Equal("failed", (string?)status["health"]!["state"]);
    }

    [Fact]
    public async Task Tool_WaitsForTheContract_AndShowsWhatItFound()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        var bad = await FileAsync(device, With("1.1.0", """{"max_time": 4, "interval": 1, "probes": [{"alive": true}, {"name": "sums", "command": "exit 3"}]}"""));
        var fell = await CommandRun.MeerkatAsync("update", bad, "--port", device.Url, "--commit-timeout", "0");
        Assert.Equal(3, fell.ExitCode);
        Assert.Contains("waiting for the health contract: sums: exit code 3", fell.Error, StringComparison.Ordinal);
        Assert.Contains("fell back: the health contract did not hold within 4 s: sums: exit code 3", fell.Output, StringComparison.Ordinal);
        var shown = (await CommandRun.MeerkatAsync("status", "--port", device.Url)).Output;
        Assert.Contains("1.1.0 was given up; 1 of 2 probes hold", shown, StringComparison.Ordinal);
        Assert.Matches("sums +does not hold: exit code 3", shown);

        var good = await FileAsync(device, With("1.2.0", """{"min_time": 2, "max_time": 60, "interval": 1, "probes": [{"name": "sums", "command": "echo 4"}]}"""));
        var kept = await CommandRun.MeerkatAsync("update", good, "--port", device.Url, "--commit-timeout", "0");
        Assert.True(kept.ExitCode == 0, kept.Error);
        Assert.Contains("version 1.2.0 runs in slot 1, committed", kept.Output, StringComparison.Ordinal);
        shown = (await CommandRun.MeerkatAsync("status", "--port", device.Url)).Output;
        Assert.Contains("1.2.0 was committed by it", shown, StringComparison.Ordinal);
        Assert.Matches("sums +holds: exit code 0: 4", shown);
    }

    [Fact]
    public async Task BundleCommands_LookAtTheContract()
    {
        var folder = Directory.CreateTempSubdirectory("meerkat-").FullName;
        try
        {
            var (app, fs, bundle) = (Path.Combine(folder, "app"), Path.Combine(folder, "fs"), Path.Combine(folder, "fw.zip"));
            await File.WriteAllTextAsync(app, "#!/bin/sh\n");
            Directory.CreateDirectory(fs);
            await File.WriteAllTextAsync(Path.Combine(fs, "health.json"), """{"min_time": 30, "probes": [{"alive": true}, {"tcp": "here:80"}]}""");
            string[] create = ["bundle", "create", app, fs, "-o", bundle, "--name", "test", "--version", "1.0.0"];
            Assert.Equal(0, (await CommandRun.MeerkatAsync(create)).ExitCode);
            var verified = await CommandRun.MeerkatAsync("bundle", "verify", bundle);
            Assert.Contains("health contract: alive, tcp; 30 to 300 s", verified.Output, StringComparison.Ordinal);

            await File.WriteAllTextAsync(Path.Combine(fs, "health.json"), """{"min_time": 30, "max_time": 20, "probes": [{"alive": true}]}""");
            var refused = await CommandRun.MeerkatAsync(create);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("health.json: max_time: expected more than min_time, which is 30 s, found 20 s", refused.Error, StringComparison.Ordinal);

            File.Delete(Path.Combine(fs, "health.json"));
            Directory.CreateDirectory(Path.Combine(fs, "health.json"));
            refused = await CommandRun.MeerkatAsync(create);
            Assert.Contains("health.json: expected a regular file", refused.Error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Fleet_IsReached()
    {
        await using var fleet = new Answering(200);
        await using var device = await DeviceUnderTest.StartAsync(TestFirmware.Good("1.0.0").Bundle(), $"update.url=http://127.0.0.1:{fleet.Port}/fw.zip");
        await PushAsync(device, With("1.1.0", """{"max_time": 60, "probes": [{"fleet": true}]}"""), commitTimeout: 0);
        await device.RunsAsync("1.1.0", trial: false);
        Assert.Equal($"HTTP 200 from 127.0.0.1:{fleet.Port}", (string?)(await device.StatusAsync())!["health"]!["probes"]![0]!["last"]);
    }

    [Fact]
    public async Task WithoutAContract_TheTrialWaitsForACommit()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await PushAsync(device, TestFirmware.Good("1.1.0"), commitTimeout: 4);
        var status = await device.FellBackToAsync("1.0.0", "no_commit");
        Assert.Equal("no commit within 4 s", (string?)status["reason"]!["text"]);
        Assert.Null(status["health"]);
    }

    private static TestFirmware With(string version, string contract)
    {
        var firmware = TestFirmware.Good(version);
        firmware.Files["health.json"] = contract;
        return firmware;
    }

    private static async Task<string> FileAsync(DeviceUnderTest device, TestFirmware firmware)
    {
        var path = Path.Combine(device.Folder, firmware.Version + ".zip");
        await File.WriteAllBytesAsync(path, firmware.Bundle());
        return path;
    }

    private static async Task PushAsync(DeviceUnderTest device, TestFirmware firmware, int commitTimeout)
    {
        var (code, text) = await device.PushAsync(firmware.Bundle(), commitTimeout);
        Assert.True(code == 200, text);
    }

    private static Task ToldAsync(DeviceUnderTest device, string problem) => Eventually.HoldsAsync(
        $"the health contract says {problem}", async () => await device.StatusAsync() is { } status
            && (string?)status["health"]?["state"] == "waiting" && (string?)status["health"]?["problem"] == problem);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Answers every request of HTTP with one status.</summary>
    private sealed class Answering : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource ending = new();
        private readonly Task serving;

        public Answering(int status)
        {
            listener.Start();
            Port = ((IPEndPoint)listener.LocalEndpoint).Port;
            serving = ServeAsync(status);
        }

        public int Port { get; }

        public async ValueTask DisposeAsync()
        {
            await ending.CancelAsync();
            await serving;
            listener.Dispose();
            ending.Dispose();
        }

        private async Task ServeAsync(int status)
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync(ending.Token);
                    try
                    {
                        var stream = client.GetStream();
                        var request = new byte[4096];
                        if (await stream.ReadAsync(request, ending.Token) > 0)
                        {
                            await stream.WriteAsync(
                                Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), ending.Token);
                        }
                    }
                    catch (IOException)
                    {
                        // A probe that only connects.
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }
    }
}
