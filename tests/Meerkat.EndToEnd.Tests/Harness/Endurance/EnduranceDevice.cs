using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Boot;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>A device made by the tool and run by the real programs, of which any may be frozen, looked at and killed.</summary>
internal sealed class EnduranceDevice : IDisposable
{
    private const int LinesKept = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Func<string, string> program;
    private readonly Queue<string> lines = [];
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private Process? boot;

    private EnduranceDevice(string root, Func<string, string> program)
    {
        Root = root;
        this.program = program;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Address = listener.LocalEndpoint.ToString()!;
    }

    /// <summary>The processes of a device; none where one does not run.</summary>
    internal sealed record Processes(int? Boot, int? Agent, int? Firmware, int? Guard)
    {
        public IEnumerable<int> All => new[] { Boot, Agent, Firmware }.OfType<int>();
    }

    public string Root { get; }

    public string Address { get; }

    /// <param name="root">Where; in a directory that the firmware's user may enter.</param>
    /// <param name="program">The path of meerkat, meerkat-boot and meerkat-agent.</param>
    /// <param name="factory">The firmware that it begins with.</param>
    /// <param name="settings">Pinned besides the address: <c>KEY=VALUE</c>.</param>
    public static async Task<EnduranceDevice> MakeAsync(
        string root, Func<string, string> program, TestFirmware factory, params string[] settings)
    {
        var device = new EnduranceDevice(root, program);
        var bundle = root + ".zip";
        await File.WriteAllBytesAsync(bundle, factory.Bundle());
        string[] all = ["http.listen_addr=" + device.Address, "boot.ready_after=0", "boot.settle=0", "boot.stop_timeout=1", .. settings];
        using var tool = Process.Start(new ProcessStartInfo(
            program("meerkat"), ["device", "init", root, bundle, .. all.SelectMany(each => (string[])["--set", each])])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var problem = await tool.StandardError.ReadToEndAsync();
        await tool.WaitForExitAsync();
        return tool.ExitCode == 0 ? device : throw new InvalidOperationException($"the device was not made: {problem}");
    }

    public string PathOf(string relative) => Path.Combine(Root, relative);

    public string FilesOf(int slot) => PathOf($"slots/{slot}/fs");

    /// <summary>The last lines that boot loaders of this device have printed.</summary>
    public string LastWords
    {
        get
        {
            lock (lines)
            {
                return string.Join('\n', lines);
            }
        }
    }

    public bool IsRunning => boot is { HasExited: false };

    public void Start()
    {
        boot?.Dispose();
        boot = new Process
        {
            StartInfo = new ProcessStartInfo(program("meerkat-boot"), [Root]) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        boot.OutputDataReceived += (_, line) => Note(line.Data);
        boot.ErrorDataReceived += (_, line) => Note(line.Data);
        boot.Start();
        boot.BeginOutputReadLine();
        boot.BeginErrorReadLine();
    }

    /// <summary>The boot loader and its children, by what stands in their environment and on their command line.</summary>
    public Processes Now()
    {
        if (!IsRunning)
        {
            return new Processes(null, null, null, null);
        }
        int? agent = null, firmware = null, guard = null;
        foreach (var child in Children(boot!.Id))
        {
            if (Read($"/proc/{child}/cmdline").Contains("--guard\0", StringComparison.Ordinal))
            {
                guard = child;
                continue;
            }
            var environment = Read($"/proc/{child}/environ");
            if (environment.Contains("MEERKAT_MODE=", StringComparison.Ordinal))
            {
                agent = child;
            }
            else if (environment.Contains("MEERKAT_SLOT=", StringComparison.Ordinal))
            {
                firmware = child;
            }
        }
        return new Processes(boot.Id, agent, firmware, guard);
    }

    /// <summary>Stops all of it with SIGSTOP, so that what is looked at is what a kill leaves.</summary>
    public Processes Freeze()
    {
        var first = Now();
        if (first.Boot is { } loader)
        {
            Signals.Send(loader, Signals.Stop);
            AwaitFrozen(loader);
        }
        // The boot loader stands still, and starts nothing any more.
        var all = Now();
        foreach (var process in all.All)
        {
            Signals.Send(process, Signals.Stop);
        }
        foreach (var process in all.All)
        {
            AwaitFrozen(process);
        }
        return all;
    }

    public static void Continue(Processes frozen)
    {
        foreach (var process in frozen.All)
        {
            Signals.Send(process, Signals.Continue);
        }
    }

    /// <summary>SIGKILL to some of the frozen processes; the others go on.</summary>
    public async Task KillAsync(Processes frozen, IReadOnlyCollection<int> victims)
    {
        foreach (var victim in victims)
        {
            Signals.Send(victim, Signals.Kill);
        }
        foreach (var process in frozen.All.Except(victims))
        {
            Signals.Send(process, Signals.Continue);
        }
        if (frozen.Boot is { } loader && victims.Contains(loader))
        {
            await boot!.WaitForExitAsync();
        }
        await UntilAsync("what was killed has ended", () => Task.FromResult(victims.All(HasEnded)));
    }

    /// <summary>How often a version has noted its start, with or without being on trial; and each noted start is a line of its own.</summary>
    public int Starts(string version, bool trial)
    {
        var end = trial ? " 1" : " 0";
        return StartLines().Count(line => line.StartsWith(version + " ", StringComparison.Ordinal) && line.EndsWith(end, StringComparison.Ordinal));
    }

    public string[] StartLines()
    {
        try
        {
            return File.ReadAllLines(PathOf("data/starts"));
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>What the boot record says, read from its two copies.</summary>
    public BootRecord? Record() => BootRecordChoice.Of(Copy(0), Copy(1)) is BootRecordChoice.Chosen chosen ? chosen.Record : null;

    /// <summary>A call's result or error; none when nobody answers.</summary>
    public async Task<(JsonNode? Result, JsonNode? Error)?> CallAsync(string method, string parameters = "{}")
    {
        try
        {
            using var content = new StringContent($$"""{"id":1,"method":"{{method}}","params":{{parameters}}}""", Encoding.UTF8, "application/json");
            using var answer = await http.PostAsync($"http://{Address}/rpc", content);
            var frame = JsonNode.Parse(await answer.Content.ReadAsStringAsync());
            return (frame?["result"], frame?["error"]);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException or TaskCanceledException)
        {
            return null;
        }
    }

    public async Task<JsonNode?> StatusAsync() => await CallAsync("OTA.Status") is { Result: { } status } ? status : null;

    /// <summary>Waits for a condition; a device on which it never holds has broken its promise.</summary>
    public async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        var begun = Stopwatch.GetTimestamp();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(begun) > Patience)
            {
                throw new ViolationException($"not within {Patience.TotalSeconds:0} s: {what}");
            }
            await pause.WaitForNextTickAsync();
        }
    }

    /// <summary>SIGKILL to everything, as a power cut would.</summary>
    public async Task KillEverythingAsync()
    {
        var all = Now();
        foreach (var process in all.All)
        {
            Signals.Send(process, Signals.Kill);
        }
        if (boot is not null)
        {
            await boot.WaitForExitAsync();
        }
        await UntilAsync("nothing of the device is left", () =>
        {
            var rest = ProcessLook.Of(Root);
            rest.ForEach(process => Signals.Send(process, Signals.Kill));
            return Task.FromResult(rest.Count == 0);
        });
    }

    public void Dispose()
    {
        KillEverythingAsync().GetAwaiter().GetResult();
        boot?.Dispose();
        http.Dispose();
    }

    private static IEnumerable<int> Children(int process)
    {
        foreach (var task in Tasks(process))
        {
            foreach (var child in Read($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                yield return int.Parse(child, CultureInfo.InvariantCulture);
            }
        }
    }

    private static string[] Tasks(int process)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{process}/task");
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>A system call that is under way may have to end first.</summary>
    private static void AwaitFrozen(int process)
    {
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < Patience && Tasks(process).Any(task => !IsStill(Read(task + "/stat"))))
        {
            Thread.Sleep(0);
        }
    }

    private static bool HasEnded(int process) =>
        Read($"/proc/{process}/stat") is var stat && (stat.LastIndexOf(')') is < 0 || stat[stat.LastIndexOf(')') + 2] is 'Z' or 'X');

    private static bool IsStill(string stat) => stat.LastIndexOf(')') is var end && (end < 0 || stat[end + 2] is 'T' or 't' or 'Z' or 'X');

    private BootRecordCopy Copy(int number)
    {
        try
        {
            return BootRecordCodec.Decode(File.ReadAllBytes(PathOf($"boot/record.{number}")));
        }
        catch (IOException fault)
        {
            return new BootRecordCopy.Unusable(BootRecordProblem.Missing, fault.Message);
        }
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private void Note(string? line)
    {
        if (line is not null)
        {
            lock (lines)
            {
                lines.Enqueue(line);
                if (lines.Count > LinesKept)
                {
                    lines.Dequeue();
                }
            }
        }
    }
}
