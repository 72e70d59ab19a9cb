using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Meerkat.Rpc;
using Meerkat.Rpc.Client;

namespace Meerkat.Bench;

/// <summary>
/// What a call costs by each transport, how long a bundle takes, and what the agent needs of memory with all of them open. HTTP is the
/// reference of every ratio; the transports take turns, so that what the machine does meanwhile hits all of them alike.
/// </summary>
internal sealed class TransportBench(Bench bench, BenchDevice device, IReadOnlyList<(string Name, string Address)> transports, string bundle)
{
    private const int SideBySide = 16;
    private const long IdleBudgetKib = 40 * 1024;
    private const double Mib = 1 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly List<Measured> measured = [];

    /// <param name="Round">Counted from 1.</param>
    /// <param name="Name">The transport.</param>
    /// <param name="Latencies">Of calls one after the other, seconds, in order of size.</param>
    /// <param name="CallsPerSecond">Sixteen at once.</param>
    /// <param name="PushSeconds">Of one bundle, the tool's start included.</param>
    private sealed record Measured(int Round, string Name, double[] Latencies, double CallsPerSecond, double PushSeconds);

    public static Command Command()
    {
        var calls = new Option<int>("--calls") { Description = "Calls of each kind in a round", DefaultValueFactory = _ => 4000 };
        var size = new Option<int>("--size") { Description = "Size of the image that is pushed, MiB", DefaultValueFactory = _ => 64 };
        var runs = new Option<int>("--runs", "-n") { Description = "Rounds; one more, not counted, goes before", DefaultValueFactory = _ => 3 };
        var command = new Command("transports", """
            Measures RPC.Ping by every transport (one after the other: median and p99; sixteen at once: calls a second), a push by every transport
            against HTTP, and the agent's memory when it is idle with all of them open. MQTT is measured where mosquitto is installed.

            Examples:
              bench/transports
              bench/transports --calls 500 --size 8 -n 1
            """)
        {
            calls, size, runs, Bench.DirOption, Bench.ProgramsOption, Bench.JsonOption,
        };
        command.SetAction(async (parsed, _) =>
        {
            using var bench = new Bench(parsed);
            return await RunAsync(bench, parsed.GetValue(calls), parsed.GetValue(size), parsed.GetValue(runs));
        });
        return command;
    }

    private static async Task<int> RunAsync(Bench bench, int calls, int sizeMib, int runs)
    {
        Bench.Progress($"making a bundle of {sizeMib} MiB ...");
        var firmware = await bench.CompileAsync("firmware");
        var small = await bench.BundleAsync(firmware, null, "1.0.0");
        var bundle = await bench.BundleAsync(ImageFile.Padded(bench, firmware, sizeMib), null, "2.0.0");
        var (tcp, udp, mqtt) = (BenchDevice.FreePort(), BenchDevice.FreePort(), BenchDevice.FreePort());
        using var broker = Broker(bench, mqtt);
        string[] settings =
        [
            "device.id=dev1", $"rpc.tcp.listen_addr=tcp://127.0.0.1:{tcp}", $"rpc.udp.listen_addr=udp://127.0.0.1:{udp}",
            .. broker is null ? [] : (string[])["mqtt.enable=true", $"mqtt.server=127.0.0.1:{mqtt}"],
        ];
        try
        {
            using var device = await BenchDevice.MakeAsync(bench, small, settings);
            device.Start();
            await device.AnswersAsync();
            List<(string, string)> transports =
            [
                ("HTTP", $"http://{device.Address}/rpc"), ("WebSocket", $"ws://{device.Address}/rpc"), ("TCP", $"tcp://127.0.0.1:{tcp}"),
                ("Unix socket", $"unix://{device.Root}/run/agent.sock"), ("UDP", $"udp://127.0.0.1:{udp}"),
            ];
            if (broker is not null)
            {
                transports.Add(("MQTT", $"mqtt://127.0.0.1:{mqtt}/dev1"));
            }
            var transport = new TransportBench(bench, device, transports, bundle);
            await transport.AllAnswerAsync();
            var idle = (ProcessLook.ResidentKib(device.Agent), ProcessLook.OwnKib(device.Agent));
            for (var round = 0; round <= runs; round++)
            {
                foreach (var (name, address) in transports)
                {
                    Bench.Progress(round == 0 ? $"warming up: {name}" : $"round {round} of {runs}: {name}");
                    await transport.RoundAsync(round, name, address, round == 0 ? Math.Min(calls, 500) : calls);
                }
            }
            return transport.Report(new FileInfo(bundle).Length, idle);
        }
        finally
        {
            broker?.Kill();
        }
    }

    private static Process? Broker(Bench bench, int port)
    {
        const string Program = "/usr/sbin/mosquitto";
        if (!File.Exists(Program))
        {
            return null;
        }
        var settings = bench.PathOf("mosquitto.conf");
        File.WriteAllText(settings, string.Create(
            CultureInfo.InvariantCulture, $"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nlog_type none\n"));
        return Process.Start(new ProcessStartInfo(Program, ["-c", settings]) { RedirectStandardError = true, RedirectStandardOutput = true });
    }

    /// <summary>Channels open beside the HTTP server, and the broker may be slow.</summary>
    private async Task AllAnswerAsync()
    {
        foreach (var (_, address) in transports)
        {
            await using var client = Client(address);
            await client.CallAsync("RPC.Ping", null, Patience);
        }
    }

    private async Task RoundAsync(int round, string name, string address, int calls)
    {
        await using var client = Client(address);
        await client.CallAsync("RPC.Ping", null, Patience);
        var latencies = new double[calls];
        for (var call = 0; call < calls; call++)
        {
            var begun = Stopwatch.GetTimestamp();
            await client.CallAsync("RPC.Ping", null, Patience);
            latencies[call] = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        }
        var at = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, SideBySide).Select(async _ =>
        {
            for (var call = 0; call < calls / SideBySide; call++)
            {
                await client.CallAsync("RPC.Ping", null, Patience);
            }
        }));
        var perSecond = calls / SideBySide * SideBySide / Stopwatch.GetElapsedTime(at).TotalSeconds;
        var push = Stopwatch.GetTimestamp();
        await Run.CheckedAsync(bench.Program("meerkat"), ["update", bundle, "--no-activate", "--port", address]);
        var seconds = Stopwatch.GetElapsedTime(push).TotalSeconds;
        // Cancels the update that waits, so that the next one may come.
        await device.CallAsync("OTA.Revert");
        if (round > 0)
        {
            Array.Sort(latencies);
            measured.Add(new Measured(round, name, latencies, perSecond, seconds));
        }
    }

    private int Report(long bundleBytes, (long ResidentKib, long OwnKib) idle)
    {
        Bench.EndProgress();
        var reference = measured.Where(each => each.Name == "HTTP").ToDictionary(each => each.Round);
        var rows = measured.GroupBy(each => each.Name).Select(group => new
        {
            Transport = group.Key,
            MedianMilliseconds = Samples.Of(group.Select(each => 1000 * each.Latencies[each.Latencies.Length / 2])),
            P99Milliseconds = Samples.Of(group.Select(each => 1000 * each.Latencies[each.Latencies.Length * 99 / 100])),
            CallsPerSecond = Samples.Of(group.Select(each => each.CallsPerSecond)),
            CallsRatio = Samples.Of(group.Select(each => each.CallsPerSecond / reference[each.Round].CallsPerSecond)),
            PushSeconds = Samples.Of(group.Select(each => each.PushSeconds)),
            PushRatio = Samples.Of(group.Select(each => each.PushSeconds / reference[each.Round].PushSeconds)),
        }).ToList();
        var met = idle.ResidentKib < IdleBudgetKib;
        if (bench.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new { bundleBytes, idleResidentKib = idle.ResidentKib, idleOwnKib = idle.OwnKib, met, rows }, JsonText.Options));
            return met ? 0 : 1;
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Bundle {bundleBytes / Mib:0.0} MiB. Median of the rounds (least to most)."));
        Console.WriteLine();
        var table = new Table(
            "transport", "call, median ms", "p99 ms", $"calls/s, {SideBySide} at once", "to HTTP", "push, s", "to HTTP");
        foreach (var row in rows)
        {
            table.Add(
                row.Transport, row.MedianMilliseconds.Show("0.00"), row.P99Milliseconds.Show("0.00"), row.CallsPerSecond.Show("0"),
                row.CallsRatio.Show("0.00"), row.PushSeconds.Show("0.00"), row.PushRatio.Show("0.00"));
        }
        table.Print();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Agent, idle with all of them open: {idle.ResidentKib / 1024.0:0.0} MiB resident ({idle.OwnKib / 1024.0:0.0} MiB its own), ")
            + $"{IdleBudgetKib / 1024} MiB {(met ? "met" : "MISSED")}");
        return met ? 0 : 1;
    }

    private static RpcClient Client(string address) =>
        new(RpcTransports.Open(new Uri(address), ClientAccess.None, TimeProvider.System), new Random(1), TimeProvider.System);
}
