using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>A command that may veto or delay an update, asked before its begin and before its restart.</summary>
public sealed class GateTests
{
    /// <summary>Gates that say no before anything is written, and the words of the refusal.</summary>
    private static readonly Dictionary<string, (string Gate, string Text)> Refusals = new()
    {
        ["says why"] = ("echo the oven is hot; exit 1", "-1 refused by the device's gate: the oven is hot\r\n"),
        ["says nothing"] = ("exit 3", "-1 refused by the device's gate: update.gate ended with exit code 3 and said nothing\r\n"),
        ["is killed"] = ("kill -9 $$", "-1 refused by the device's gate: update.gate ended with signal 9 (SIGKILL) and said nothing\r\n"),
        ["is missing"] = ("/no/such/gate", "/no/such/gate: not found\r\n"),
        ["hangs"] = ("sleep 1000 & sleep 1000", "-1 refused by the device's gate: update.gate did not answer within 1 s (update.gate_timeout) and was ended\r\n"),
    };

    public static TheoryData<string> Names => [.. Refusals.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task GateThatSaysNo_RefusesTheUpdate_AndTheNextOneIsPossible(string name)
    {
        var (gate, text) = Refusals[name];
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        await SetAsync(device, gate, timeout: name == "hangs" ? 1 : 30);
        var before = await File.ReadAllBytesAsync(device.PathOf("boot/record.0"));

        var (code, answer) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle());

        Assert.Equal(500, code);
        Assert.EndsWith(text, answer, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(device.PathOf("boot/record.0")));
        await Eventually.HoldsAsync("nothing of the gate is left", async () =>
            !(await CommandRun.RunAsync("ps", "-eo", "args")).Output.Contains("sleep 1000\n", StringComparison.Ordinal));
        await SetAsync(device, "");
        await device.UpdateAsync(TestFirmware.Good("1.2.0"));
    }

    [Fact]
    public async Task GateThatPrintsMegabytes_IsHeardToItsEnd_AndQuotedInPart()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await SetAsync(device, "head -c 5000000 /dev/zero | tr '\\0' 'x'; exit 1");
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle());
        Assert.Equal(500, code);
        Assert.InRange(text.Length, 4096, 4200);
        Assert.StartsWith("-1 refused by the device's gate: xxxx", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GateThatSaysLaterAtTheBegin_EndsTheUpdate_ForNow()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await SetAsync(device, "test -e go || { echo busy; exit 75; }");
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle());
        Assert.Equal((503, "-75 not now: busy\r\n"), (code, text));
        await File.WriteAllTextAsync(device.PathOf("slots/0/fs/go"), "");
        await device.UpdateAsync(TestFirmware.Good("1.1.0"));
    }

    [Fact]
    public async Task GateThatSaysLaterBeforeTheRestart_HoldsTheUpdate_UntilItLetsItGo()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await SetAsync(device, "echo $MEERKAT_GATE $MEERKAT_UPDATE_NAME $MEERKAT_VERSION $MEERKAT_UPDATE_VERSION $MEERKAT_SLOT >>$MEERKAT_DATA/asked; "
            + "test $MEERKAT_GATE = begin -o -e go || { echo the door is open; exit 75; }");
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 600);
        Assert.Equal((200, "1 Update installed; it starts when the device's gate lets it: the door is open\r\n"), (code, text));
        Assert.Equal("held", (string?)(await device.StatusAsync())!["phase"]);
        Assert.Equal(["begin test 1.0.0 1.1.0 0", "restart test 1.0.0 1.1.0 0"], await File.ReadAllLinesAsync(device.PathOf("data/asked")));
        var refused = (await device.CallAsync("OTA.Activate")).Error!;
        Assert.Equal((-75, "not now: the door is open"), ((int)refused["code"]!, (string?)refused["message"]));

        await device.KillEverythingAsync();
        device.Start();
        await device.RunsAsync("1.0.0", trial: false);
        await File.WriteAllTextAsync(device.PathOf("slots/0/fs/go"), "");
        // Asked again every ten seconds, by the device itself.
        await device.RunsAsync("1.1.0", trial: true);
    }

    [Fact]
    public async Task Gate_RunsAsTheFirmwaresUser_AmongItsFiles()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        await SetAsync(device, "id -u; stat -c %u .; pwd; ls /proc/self/fd | wc -l; exit 1");
        var lines = (await device.PushAsync(TestFirmware.Good("1.1.0").Bundle())).Text.Split('\n');
        var owner = (await CommandRun.RunAsync("stat", "-c", "%u", device.PathOf("slots/0/fs"))).Output.Trim();
        Assert.Equal([$"-1 refused by the device's gate: {owner}", owner, device.PathOf("slots/0/fs")], lines[..3]);
        // Standard input, output, error, and the one that ls opens.
        Assert.Equal("4", lines[3].Trim());
    }

    [Fact]
    public async Task GateThatLeavesADaemon_LeavesNothing()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        await SetAsync(device, "setsid sleep 2001 & sleep 0.2; echo busy; exit 75");
        var descriptors = 0;
        for (var time = 0; time < 4; time++)
        {
            Assert.Equal((503, "-75 not now: busy\r\n"), await device.PushAsync(TestFirmware.Good("1.1.0").Bundle()));
            // After the first one the connection is open and everything has been used once.
            descriptors = descriptors == 0 ? Descriptors(device) : descriptors;
        }
        Assert.DoesNotContain("sleep 2001\n", (await CommandRun.RunAsync("ps", "-eo", "args")).Output, StringComparison.Ordinal);
        await Eventually.HoldsAsync("no descriptor is left open", () => Descriptors(device) <= descriptors);
    }

    [Fact]
    public async Task AgentThatEndsWhileTheGateIsAsked_LeavesTheUpdateHeld()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await SetAsync(device, "test $MEERKAT_GATE = begin && exit 0; test -e slow || exit 75; echo asked >$MEERKAT_DATA/asked; sleep 25; exit 1");
        Assert.Equal(200, (await device.PushAsync(TestFirmware.Good("1.1.0").Bundle(), commitTimeout: 600)).Code);
        await File.WriteAllTextAsync(device.PathOf("slots/0/fs/slow"), "");
        await Eventually.HoldsAsync("the gate is asked again", () => File.Exists(device.PathOf("data/asked")));

        var agent = device.Agent;
        await CommandRun.RunAsync("kill", $"{agent}");

        await Eventually.HoldsAsync("the agent is another", () => device.Agent is > 0 and var other && other != agent);
        await device.AnswersAsync();
        Assert.Equal("held", (string?)(await device.StatusAsync())!["phase"]);
    }

    private static int Descriptors(DeviceUnderTest device) => Directory.GetFiles($"/proc/{device.Agent}/fd").Length;

    [Fact]
    public async Task GateThatRefusesTheRestart_RemovesWhatWasInstalled()
    {
        await using var device = await DeviceUnderTest.StartAsync();
        await SetAsync(device, "test $MEERKAT_GATE = begin || { echo not this one; exit 1; }");
        var (code, text) = await device.PushAsync(TestFirmware.Good("1.1.0").Bundle());
        Assert.Equal((500, "-1 refused by the device's gate before the restart: not this one\r\n"), (code, text));
        Assert.Equal("empty", (string?)(await device.StatusAsync())!["slots"]![1]!["state"]);
        Assert.False(Directory.Exists(device.PathOf("slots/1")));
    }

    private static async Task SetAsync(DeviceUnderTest device, string gate, int timeout = 30)
    {
        var value = new System.Text.Json.Nodes.JsonObject { ["gate"] = gate, ["gate_timeout"] = timeout };
        var (_, error) = await device.CallAsync("Config.Set", $$"""{"config": {"update": {{value.ToJsonString()}}}, "save": true}""");
        Assert.Null(error);
    }
}
