using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Meerkat.Bench.PowerCut;

/// <summary>
/// The device on a mounted disk, run by the native programs. It has a network of its own, with the loopback interface alone, so its
/// address is free whatever else runs here.
/// </summary>
internal sealed class StartedDevice : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly string[] Port = ["--port", "http://127.0.0.1:8080"];

    private readonly Bench bench;
    private readonly Process boot;
    private readonly List<string> log = [];

    public StartedDevice(Bench bench, string root)
    {
        this.bench = bench;
        boot = new Process
        {
            StartInfo = new ProcessStartInfo(
                "unshare", ["-n", "sh", "-c", "ip link set lo up && exec \"$0\" \"$1\"", bench.Program("meerkat-boot"), root])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        boot.OutputDataReceived += (_, line) => Heard(line.Data);
        boot.ErrorDataReceived += (_, line) => Heard(line.Data);
        boot.Start();
        boot.BeginOutputReadLine();
        boot.BeginErrorReadLine();
    }

    /// <summary>Must come to run a version, in a trial or committed, and then take another; what does not hold, none when all does.</summary>
    public async Task<string?> TakesAsync(string version, string bundle, string next)
    {
        var status = await UntilAsync(now => (string?)now["version"] == version && (string?)now["phase"] is "trial" or "idle");
        if (status is not null)
        {
            return $"expected {version} to run, found {status}";
        }
        if ((bool?)(await StatusAsync())?["is_committed"] == false)
        {
            await Run.CheckedAsync("nsenter", Inside(["commit"]));
        }
        var update = await Run.Async("nsenter", Inside(["update", bundle, "--commit", "--wait", "1m"]));
        if (update.ExitCode != 0)
        {
            return $"the next update ended with exit code {update.ExitCode}: {update.Error.Trim().ReplaceLineEndings("; ")}";
        }
        var end = await StatusAsync();
        return (string?)end?["version"] == next && (bool?)end["is_committed"] == true ? null : $"after the next update: {end?.ToJsonString()}";
    }

    /// <summary>The last it said.</summary>
    public string LastWords()
    {
        lock (log)
        {
            return string.Join("; ", log.TakeLast(8));
        }
    }

    public async Task StopAsync()
    {
        if (!boot.HasExited)
        {
            await Run.Async("kill", [boot.Id.ToString(CultureInfo.InvariantCulture)]);
        }
        await boot.WaitForExitAsync();
    }

    public void Dispose() => boot.Dispose();

    /// <summary>Waits for a condition; the last status when it does not come.</summary>
    private async Task<string?> UntilAsync(Func<JsonNode, bool> condition)
    {
        var begun = Stopwatch.GetTimestamp();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var last = "no answer";
        while (Stopwatch.GetElapsedTime(begun) < Patience && !boot.HasExited)
        {
            if (await StatusAsync() is { } now)
            {
                if (condition(now))
                {
                    return null;
                }
                last = now.ToJsonString();
            }
            await pause.WaitForNextTickAsync();
        }
        return last;
    }

    private async Task<JsonNode?> StatusAsync()
    {
        // Until it has its own network, somebody else's device could answer.
        if (boot.HasExited || new FileInfo($"/proc/{boot.Id}/ns/net").LinkTarget == new FileInfo("/proc/self/ns/net").LinkTarget)
        {
            return null;
        }
        var call = await Run.Async("nsenter", Inside(["call", "OTA.Status"]));
        return call.ExitCode == 0 ? JsonNode.Parse(call.Output) : null;
    }

    private string[] Inside(string[] words) =>
        ["--net", "--target", boot.Id.ToString(CultureInfo.InvariantCulture), bench.Program("meerkat"), .. words, .. Port];

    private void Heard(string? line)
    {
        lock (log)
        {
            log.Add(line ?? "");
        }
    }
}
