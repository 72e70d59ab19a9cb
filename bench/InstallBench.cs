using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Meerkat.Bench;

/// <summary>
/// Installs of one large bundle by the three ways it can come, each beside the limit of its kind, all interleaved: what the
/// machine does meanwhile hits all of them alike.
/// </summary>
internal sealed class InstallBench(Bench bench, LimitProgram limit, BenchDevice device, string bundle, string siteUrl)
{
    private const double FileBudget = 1.2;
    private const double NetworkBudget = 1.3;
    private const long AgentBudgetKib = 32 * 1024;
    private const long BootBudgetKib = 12 * 1024;
    private const double Mib = 1 << 20;

    private readonly List<Measured> measured = [];

    /// <param name="Round">Counted from 1.</param>
    /// <param name="Way">How the bundle came.</param>
    /// <param name="Seconds">From the request to the answer, which says that the new slot is armed.</param>
    /// <param name="LimitSeconds">Of the limit program, just before.</param>
    /// <param name="Processor">User and system seconds of the agent.</param>
    /// <param name="LimitProcessor">Of the limit program.</param>
    /// <param name="AgentPeakKib">Peak resident memory of the agent.</param>
    private sealed record Measured(
        int Round, string Way, double Seconds, double LimitSeconds, double Processor, double LimitProcessor, long AgentPeakKib);

    public static Command Command()
    {
        var size = new Option<int>("--size") { Description = "Size of the image, MiB", DefaultValueFactory = _ => 256 };
        var runs = new Option<int>("--runs", "-n") { Description = "Rounds; one more, not counted, goes before", DefaultValueFactory = _ => 5 };
        var command = new Command("install", """
            Measures installs: from a file, pushed by HTTP, pulled by HTTP. Wall-clock, processor, peak memory, and the ratio to what the machine can
            do at best (bench/limit.c: read or receive, SHA-256, write, flush). Exit code 1 when a budget is missed.

            Examples:
              bench/install
              bench/install --dir /mnt/sdcard --size 64
              bench/install --json >install.json
            """)
        {
            size, runs, Bench.DirOption, Bench.ProgramsOption, Bench.JsonOption,
        };
        command.SetAction(async (parsed, _) =>
        {
            using var bench = new Bench(parsed);
            return await RunAsync(bench, parsed.GetValue(size), parsed.GetValue(runs));
        });
        return command;
    }

    private static async Task<int> RunAsync(Bench bench, int sizeMib, int runs)
    {
        Bench.Progress($"making a bundle of {sizeMib} MiB ...");
        var firmware = await bench.CompileAsync("firmware");
        var small = await bench.BundleAsync(firmware, null, "1.0.0");
        var bundle = await bench.BundleAsync(ImageFile.Padded(bench, firmware, sizeMib), null, "2.0.0");
        var limit = await LimitProgram.CompileAsync(bench);
        using var device = await BenchDevice.MakeAsync(bench, small);
        device.Start();
        await device.AnswersAsync();
        await device.FirmwareStartedAsync(0);
        var site = $"127.0.0.1:{BenchDevice.FreePort()}";
        using var server = Process.Start(new ProcessStartInfo(bench.Program("meerkat"), ["serve", bench.Folder, "--listen", site]) { RedirectStandardError = true })!;
        try
        {
            await server.StandardError.ReadLineAsync();
            _ = server.StandardError.ReadToEndAsync();
            var install = new InstallBench(bench, limit, device, bundle, $"http://{site}/{Path.GetFileName(bundle)}");
            for (var round = 0; round <= runs; round++)
            {
                await install.RoundAsync(round, runs);
            }
            return await install.ReportAsync();
        }
        finally
        {
            server.Kill();
        }
    }

    private async Task RoundAsync(int round, int runs)
    {
        foreach (var (way, kind, install) in ((string, string, Func<Task<double>>)[])
            [("file", "file", FromFileAsync), ("push", "socket", PushAsync), ("pull", "socket", PullAsync)])
        {
            Bench.Progress(round == 0 ? $"warming up: {way}" : $"round {round} of {runs}: {way}");
            await Run.CheckedAsync("sync", []);
            var (limitSeconds, limitProcessor) = await limit.RunAsync(kind, bundle);
            await Run.CheckedAsync("sync", []);
            var agent = device.Agent;
            var before = ProcessLook.Processor(agent);
            var target = 1 - (int)(await device.StatusAsync())["running_slot"]!;
            var seconds = await install();
            // The agent ends a moment after its answer.
            var after = new Measured(
                round, way, seconds, limitSeconds, ProcessLook.Processor(agent) - before, limitProcessor, ProcessLook.PeakKib(agent));
            if (round > 0)
            {
                measured.Add(after);
            }
            await device.CommitAsync(target);
        }
    }

    /// <summary>The bundle is put beside the firmware's own files, and taken away before the next boot would merge it.</summary>
    private async Task<double> FromFileAsync()
    {
        var slot = (int)(await device.StatusAsync())["running_slot"]!;
        var file = Path.Combine(device.Root, $"slots/{slot}/fs/bundle.zip");
        await Run.CheckedAsync("ln", ["-f", bundle, file]);
        var seconds = await CalledAsync("""{"file": "bundle.zip", "commit_timeout": 600}""");
        File.Delete(file);
        return seconds;
    }

    private Task<double> PushAsync() => device.PushAsync(bundle);

    private Task<double> PullAsync() => CalledAsync($$"""{"url": "{{siteUrl}}", "commit_timeout": 600}""");

    private async Task<double> CalledAsync(string parameters)
    {
        var begun = Stopwatch.GetTimestamp();
        await device.CallAsync("OTA.Update", parameters);
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private async Task<int> ReportAsync()
    {
        Bench.Progress("openssl and dd ...");
        var sha = await LimitProgram.OpensslAsync();
        var dd = await limit.DdAsync(new FileInfo(bundle).Length);
        var bootPeak = ProcessLook.PeakKib(device.BootLoader);
        Bench.EndProgress();
        var ways = measured.GroupBy(each => each.Way).Select(group => new
        {
            Way = group.Key,
            Budget = group.Key == "file" ? FileBudget : NetworkBudget,
            Seconds = Samples.Of(group.Select(each => each.Seconds)),
            LimitSeconds = Samples.Of(group.Select(each => each.LimitSeconds)),
            Ratio = Samples.Of(group.Select(each => each.Seconds / each.LimitSeconds)),
            Processor = Samples.Of(group.Select(each => each.Processor)),
            LimitProcessor = Samples.Of(group.Select(each => each.LimitProcessor)),
            AgentPeakKib = group.Max(each => each.AgentPeakKib),
        }).ToList();
        var bundleBytes = new FileInfo(bundle).Length;
        var agentPeak = ways.Max(way => way.AgentPeakKib);
        var met = ways.TrueForAll(way => way.Ratio.Median <= way.Budget) && agentPeak < AgentBudgetKib && bootPeak < BootBudgetKib;
        if (bench.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new { bundleBytes, shaBytesPerSecond = sha, ddBytesPerSecond = dd, bootPeakKib = bootPeak, met, ways, runs = measured }, JsonText.Options));
            return met ? 0 : 1;
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Bundle {bundleBytes / Mib:0.0} MiB. openssl speed sha256 {sha / Mib:0} MiB/s, dd conv=fdatasync {dd / Mib:0} MiB/s. Median (least to most)."));
        Console.WriteLine();
        var table = new Table("way", "wall, s", "limit, s", "ratio", "budget", "agent's processor, s", "limit's processor, s", "agent's peak, MiB");
        foreach (var way in ways)
        {
            table.Add(
                way.Way, way.Seconds.Show("0.00"), way.LimitSeconds.Show("0.00"), way.Ratio.Show("0.00"), Verdict(way.Ratio.Median <= way.Budget, way.Budget, ""),
                way.Processor.Show("0.00"), way.LimitProcessor.Show("0.00"), InMib(way.AgentPeakKib));
        }
        table.Print();
        Console.WriteLine($"Peak memory: agent {InMib(agentPeak)} MiB, {Verdict(agentPeak < AgentBudgetKib, AgentBudgetKib / 1024, " MiB")}; "
            + $"boot loader {InMib(bootPeak)} MiB, {Verdict(bootPeak < BootBudgetKib, BootBudgetKib / 1024, " MiB")}");
        return met ? 0 : 1;
    }

    private static string Verdict(bool met, double budget, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{budget}{unit} {(met ? "met" : "MISSED")}");

    private static string InMib(long kib) => (kib / 1024.0).ToString("0.0", CultureInfo.InvariantCulture);
}
