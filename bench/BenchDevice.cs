using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Meerkat.Bench;

/// <summary>A device made by the tool and run by the native programs.</summary>
internal sealed class BenchDevice : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Bench bench;
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromMinutes(10) };
    private readonly ConcurrentQueue<(long At, string Line)> log = [];
    private Process? boot;

    private BenchDevice(Bench bench)
    {
        this.bench = bench;
        Root = bench.PathOf("device");
        Address = $"127.0.0.1:{FreePort()}";
    }

    public string Root { get; }

    public string Address { get; }

    public int BootLoader => boot?.Id ?? throw new InvalidOperationException("not started");

    public int Agent => ProcessLook.Child(BootLoader, bench.Program("meerkat-agent")) ?? throw new BenchException("the agent does not run");

    public static async Task<BenchDevice> MakeAsync(Bench bench, string bundle, params string[] settings)
    {
        var device = new BenchDevice(bench);
        string[] all = ["http.listen_addr=" + device.Address, "boot.ready_after=0", "boot.settle=0", .. settings];
        await Run.CheckedAsync(
            bench.Program("meerkat"), ["device", "init", device.Root, bundle, .. all.SelectMany(each => (string[])["--set", each])]);
        return device;
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Starts the boot loader; the moment before, as <see cref="Stopwatch"/> counts.</summary>
    public long Start()
    {
        boot = new Process
        {
            StartInfo = new ProcessStartInfo(bench.Program("meerkat-boot"), [Root]) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        boot.OutputDataReceived += (_, _) => { };
        boot.ErrorDataReceived += (_, line) => log.Enqueue((Stopwatch.GetTimestamp(), line.Data ?? ""));
        File.Delete(StartedPath);
        var at = Stopwatch.GetTimestamp();
        boot.Start();
        boot.BeginOutputReadLine();
        boot.BeginErrorReadLine();
        return at;
    }

    public async Task StopAsync()
    {
        if (boot is not null)
        {
            await Run.Async("kill", [BootLoader.ToString(CultureInfo.InvariantCulture)]);
            await boot.WaitForExitAsync();
            boot.Dispose();
            boot = null;
        }
    }

    /// <summary>When the boot loader last said a line that contains the words; waits for it.</summary>
    public async Task<long> SaidAsync(string words, long after)
    {
        (long At, string Line) said = default;
        await UntilAsync($"the boot loader says \"{words}\"", () =>
        {
            said = log.LastOrDefault(each => each.At >= after && each.Line.Contains(words, StringComparison.Ordinal));
            return Task.FromResult(said.Line is not null);
        });
        return said.At;
    }

    /// <summary>When the firmware began, by its own word, as <see cref="Stopwatch"/> counts; waits for it.</summary>
    public async Task<long> FirmwareStartedAsync(long after)
    {
        long at = 0;
        await UntilAsync("the firmware starts", () => Task.FromResult(
            File.Exists(StartedPath) && long.TryParse(File.ReadAllText(StartedPath), CultureInfo.InvariantCulture, out at) && at > after));
        return at;
    }

    public Task AnswersAsync() => UntilAsync("the agent answers", async () => await TryCallAsync("OTA.Status") is { Result: not null });

    public async Task<JsonNode> StatusAsync() => (await CallAsync("OTA.Status"))!;

    public async Task<JsonNode?> CallAsync(string method, string parameters = "{}")
    {
        var (result, error) = await SendAsync(method, parameters);
        return error is null ? result : throw new BenchException($"{method}: {error.ToJsonString()}");
    }

    /// <summary>Commits the trial of a version as soon as it can be, and waits until that is so.</summary>
    public async Task CommitAsync(int slot)
    {
        await UntilAsync("the trial runs", async () => await TryCallAsync("OTA.Status") is { Result: { } status }
            && (int?)status["running_slot"] == slot && (string?)status["phase"] == "trial");
        await CallAsync("OTA.Commit");
        var now = await StatusAsync();
        if ((int?)now["running_slot"] != slot || !(bool)now["is_committed"]!)
        {
            throw new BenchException($"slot {slot} was to be committed; the device says {now.ToJsonString()}");
        }
    }

    /// <summary>Pushes a bundle as a person does; seconds from the start of curl to its end.</summary>
    public async Task<double> PushAsync(string bundle)
    {
        var pushed = await Run.CheckedAsync(
            "curl", ["-s", "-S", "--fail-with-body", "-F", $"file=@{bundle}", "-F", "commit_timeout=600", $"http://{Address}/update"]);
        return pushed.Elapsed.TotalSeconds;
    }

    /// <summary>Waits for a condition.</summary>
    public async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        var begun = Stopwatch.GetTimestamp();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(begun) > Patience)
            {
                var end = string.Join('\n', log.TakeLast(10).Select(each => each.Line));
                throw new BenchException($"not within {Patience.TotalSeconds:0} s: {what}; the boot loader's last words:\n{end}");
            }
            await pause.WaitForNextTickAsync();
        }
    }

    public void Dispose()
    {
        StopAsync().GetAwaiter().GetResult();
        http.Dispose();
    }

    private string StartedPath => Path.Combine(Root, "data/started");

    private async Task<(JsonNode? Result, JsonNode? Error)> SendAsync(string method, string parameters)
    {
        using var content = new StringContent($$"""{"id":1,"method":"{{method}}","params":{{parameters}}}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync($"http://{Address}/rpc", content);
        var frame = JsonNode.Parse(await answer.Content.ReadAsStringAsync());
        return (frame?["result"], frame?["error"]);
    }

    private async Task<(JsonNode? Result, JsonNode? Error)?> TryCallAsync(string method)
    {
        try
        {
            return await SendAsync(method, "{}");
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
