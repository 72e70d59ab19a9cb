using System.Globalization;
using System.Text;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>
/// Clients that do their worst in the middle of an update: it is finished all the same, the firmware goes on undisturbed, and the agent
/// stays within its memory. With the native programs where <c>./build</c> has made them.
/// </summary>
public sealed class AbuseTests(ITestOutputHelper output)
{
    private const int BundleBytes = 6_000_000;

    /// <summary>What the agent may take at its most: docs/operating.md, "Limits". The managed one brings a compiler along.</summary>
    private const int MostNativeMiB = 128;
    private const int MostManagedMiB = 256;

    /// <summary>Where thousands of requests come on each connection and no answer is read; not understood yet.</summary>
    private const int MostUnreadMiB = 320;

    /// <summary>Says twice a second that it is alive; the boot loader waits for 5 s.</summary>
    private const string Ping =
        """exec perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0); while (1) { send(S, "READY=1\nWATCHDOG=1", 0, pack_sockaddr_un($ENV{NOTIFY_SOCKET})); select(undef, undef, undef, 0.5) }'""";

    private static readonly string Native = Path.Combine(Repository.Root, "artifacts");

    private static bool IsNative => File.Exists(Path.Combine(Native, "meerkat-boot")) && File.Exists(Path.Combine(Native, "meerkat-agent"));

    [Fact]
    public Task TwoHundredClients_AreAllAnswered() => DuringAnUpdateAsync(async (_, abuse) =>
        Assert.Equal(200 * 30, await abuse.CallAsync(200, 30)));

    [Fact]
    public Task TenThousandConnections_OpenedAndDropped() => DuringAnUpdateAsync((_, abuse) => abuse.OpenAndDropAsync(10_000));

    [Fact]
    public Task MalformedRequests_AreRefused() => DuringAnUpdateAsync(async (_, abuse) =>
    {
        var answers = await abuse.SendMalformedAsync(20);
        Assert.Contains(answers, answer => answer.Contains(" 400 ", StringComparison.Ordinal));
        Assert.Contains(answers, answer => answer.Contains(" 431 ", StringComparison.Ordinal));
        Assert.Contains(answers, answer => answer.Contains(" 414 ", StringComparison.Ordinal));
        Assert.DoesNotContain(answers, answer => answer.StartsWith("HTTP/1.1 2", StringComparison.Ordinal));
    });

    [Fact]
    public Task HeadersThatNeverEnd() => DuringAnUpdateAsync((_, abuse) => HoldAsync(
        abuse, _ => [.. abuse.Head("GET /healthz"), .. Encoding.ASCII.GetBytes("X-Slow: " + new string('a', 20_000))], "a"));

    [Fact]
    public Task UploadsThatNeverEnd() => DuringAnUpdateAsync((_, abuse) => HoldAsync(
        abuse,
        number =>
        [
            .. abuse.Head("POST /update", "Content-Type: multipart/form-data; boundary=B", "Content-Length: 100000000"),
            .. Encoding.ASCII.GetBytes("\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"fw.zip\"\r\n\r\n"),
            .. new byte[number * 1000],
        ],
        new string('a', 1000)));

    [Fact]
    public Task BodiesThatNobodyReads() => DuringAnUpdateAsync((_, abuse) => HoldAsync(
        abuse, _ => [.. abuse.Head("POST /healthz", "Content-Length: 100000000"), .. "\r\n"u8, .. new byte[2_000_000]], "a"));

    [Fact]
    public Task FramesThatNeverEnd() => DuringAnUpdateAsync((_, abuse) => HoldAsync(
        abuse, _ => [.. abuse.Head("POST /rpc", "Content-Length: 65536"), .. "\r\n"u8, .. Enumerable.Repeat((byte)' ', 65_000)], " "));

    [Fact]
    public Task AnswersThatNobodyReads() => DuringAnUpdateAsync((_, abuse) => HoldAsync(
        abuse,
        _ => [.. Enumerable.Repeat((byte[])[.. abuse.Head("POST /rpc/Config.Get", "Content-Length: 2"), .. "\r\n{}"u8], 3000).SelectMany(request => request)],
        "a"), MostUnreadMiB);

    [Fact]
    public Task LargeAnswersThatNobodyReads() => DuringAnUpdateAsync((_, abuse) =>
    {
        var arguments = """{"filename":"large.txt"}""";
        return HoldAsync(
            abuse,
            _ => [.. abuse.Head("POST /rpc/FS.Get", $"Content-Length: {arguments.Length}"), .. Encoding.ASCII.GetBytes("\r\n" + arguments)],
            "a");
    });

    /// <summary>Holds more connections than there are places, and sends a little on each, a few times.</summary>
    private async Task HoldAsync(Abuse abuse, Func<int, byte[]> first, string trickle)
    {
        using var held = await abuse.HoldAsync(Abuse.ManyConnections, first);
        output.WriteLine($"{held.Open} connections stand");
        for (var times = 0; times < 10; times++)
        {
            await held.TrickleAsync(Encoding.ASCII.GetBytes(trickle));
        }
        output.WriteLine($"{held.Open} connections stand at the end");
    }

    private async Task DuringAnUpdateAsync(Func<DeviceUnderTest, Abuse, Task> abuse, int? mostMiB = null)
    {
        var seed = Environment.TickCount & int.MaxValue;
        output.WriteLine($"seed {seed}, {(IsNative ? "native" : "managed")} programs");
        await using var device = await StartAsync();
        await device.RunsAsync("1.0.0", trial: false);
        var (firmware, agent) = (device.Firmware, device.Agent);
        var next = Firmware("1.1.0").Bundle();
        using var upload = await SlowUpload.BeginAsync(device.Address, next);
        await upload.SendAsync(next.Length / 2);
        await Eventually.HoldsAsync("the update is under way", async () => (int?)(await device.StatusAsync())?["state"] != 0);

        await abuse(device, new Abuse(device, seed));
        await device.AnswersAsync();
        Assert.Equal((firmware, agent), (device.Firmware, device.Agent));
        var peak = PeakMiB(agent);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"agent's peak {peak:0.0} MiB, boot loader's {PeakMiB(device.BootLoader):0.0} MiB"));

        var answer = await upload.FinishAsync();
        Assert.Contains("1 Update applied, rebooting", answer, StringComparison.Ordinal);
        await device.RunsAsync("1.1.0", trial: true);
        Assert.Null((await device.CallAsync("OTA.Commit")).Error);
        await device.RunsAsync("1.1.0", trial: false);
        Assert.Equal(["1.0.0 0 0", "1.1.0 1 1"], device.Starts());
        Assert.DoesNotContain("watchdog", device.Log, StringComparison.Ordinal);
        Assert.True(peak < (mostMiB ?? (IsNative ? MostNativeMiB : MostManagedMiB)), $"the agent took {peak} MiB");
    }

    private static async Task<DeviceUnderTest> StartAsync()
    {
        string[] settings = ["boot.watchdog=5"];
        var factory = Firmware("1.0.0").Bundle();
        return IsNative
            ? await (await DeviceUnderTest.MakeAsync(factory, Repository.Program("meerkat"), Path.Combine(Native, "meerkat-boot"), null, settings)).StartedAsync()
            : await DeviceUnderTest.StartAsync(factory, settings);
    }

    private static TestFirmware Firmware(string version) => new(version, Ping + "\n#" + new string('x', BundleBytes))
    {
        Manifest = new() { ["ready"] = "notify" },
        Files = new() { ["conf0.json"] = "{}", ["large.txt"] = new string('y', 256 * 1024) },
    };

    /// <summary>The most that was resident at once, as the kernel counted.</summary>
    private static double PeakMiB(int process) => File.ReadLines($"/proc/{process}/status")
        .Where(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
        .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024)
        .Single();
}
