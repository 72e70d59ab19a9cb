using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>A device made by the tool and run by the real programs, with everything about it in one temporary directory.</summary>
internal sealed class DeviceUnderTest : IAsyncDisposable
{
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromMinutes(2) };
    private readonly StringBuilder log = new();
    private readonly string bootProgram;
    private Process? boot;

    private DeviceUnderTest(string folder, int port, string bootProgram)
    {
        Folder = folder;
        Root = Path.Combine(folder, "device");
        Address = $"127.0.0.1:{port}";
        this.bootProgram = bootProgram;
    }

    /// <summary>The test's own directory, which the firmware's user may enter.</summary>
    public string Folder { get; }

    public string Root { get; }

    public string Address { get; }

    public string Url => "http://" + Address;

    public int BootLoader => boot?.Id ?? throw new InvalidOperationException("the boot loader is not started");

    public int Firmware => ProcessLook.Firmware(Root, BootLoader) ?? 0;

    public int Agent => ProcessLook.Agent(Root, BootLoader) ?? 0;

    public string Log
    {
        get
        {
            lock (log)
            {
                return log.ToString();
            }
        }
    }

    public static bool IsRoot => Environment.UserName == "root";

    /// <summary>Makes and starts a device, and waits until it runs.</summary>
    /// <param name="bundle">The factory firmware.</param>
    /// <param name="settings">Pinned besides the address: <c>KEY=VALUE</c>.</param>
    public static async Task<DeviceUnderTest> StartAsync(byte[] bundle, params string[] settings)
    {
        var device = await MakeAsync(bundle, settings);
        return await device.StartedAsync();
    }

    /// <summary>Starts this device and waits until it answers; one that does not is removed.</summary>
    public async Task<DeviceUnderTest> StartedAsync()
    {
        try
        {
            Start();
            await AnswersAsync();
            return this;
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public static Task<DeviceUnderTest> StartAsync(params string[] settings) =>
        StartAsync(TestFirmware.Good("1.0.0").Bundle(), settings);

    /// <summary>Makes a device without starting it.</summary>
    public static async Task<DeviceUnderTest> MakeAsync(byte[] bundle, params string[] settings) =>
        await MakeAsync(bundle, Repository.Program("meerkat"), Repository.Program("meerkat-boot"), null, settings);

    public static Task<DeviceUnderTest> MakeAsync(
        byte[] bundle, string tool, string bootLoader, string? folder, params string[] settings) =>
        MakeAsync(bundle, tool, bootLoader, folder, [], settings);

    /// <param name="bundle">The factory firmware.</param>
    /// <param name="tool">The program <c>meerkat</c>.</param>
    /// <param name="bootLoader">The program <c>meerkat-boot</c>.</param>
    /// <param name="folder">Where; none: in a new one.</param>
    /// <param name="options">Further options of <c>meerkat device init</c>.</param>
    /// <param name="settings">Pinned besides the address: <c>KEY=VALUE</c>.</param>
    public static async Task<DeviceUnderTest> MakeAsync(
        byte[] bundle, string tool, string bootLoader, string? folder, string[] options, string[] settings)
    {
        folder = Directory.CreateDirectory(folder ?? Directory.CreateTempSubdirectory("meerkat-").FullName).FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var device = new DeviceUnderTest(folder, FreePort(), bootLoader);
        var zip = Path.Combine(folder, "factory.zip");
        await File.WriteAllBytesAsync(zip, bundle);
        string[] usual =
        [
            "http.listen_addr=" + device.Address, "boot.ready_after=1", "boot.settle=1", "boot.stop_timeout=1",
        ];
        var made = await CommandRun.RunAsync(
            tool, ["device", "init", device.Root, zip, .. options, .. usual.Concat(settings).SelectMany(pin => (string[])["--set", pin])]);
        Assert.True(made.ExitCode == 0, made.Error);
        return device;
    }

    /// <summary>A port that nobody listens on.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Start()
    {
        boot = new Process
        {
            StartInfo = new ProcessStartInfo(bootProgram, [Root])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        boot.OutputDataReceived += (_, line) => Note(line.Data);
        boot.ErrorDataReceived += (_, line) => Note(line.Data);
        boot.Start();
        boot.BeginOutputReadLine();
        boot.BeginErrorReadLine();
    }

    /// <summary>Ends the boot loader as a service manager does, and waits for its end.</summary>
    public async Task StopAsync()
    {
        if (boot is { HasExited: false })
        {
            await CommandRun.RunAsync("kill", BootLoader.ToString(System.Globalization.CultureInfo.InvariantCulture));
            await boot.WaitForExitAsync();
        }
    }

    /// <summary>SIGKILL to one process.</summary>
    public static void Kill(int process) => Kill([process]);

    /// <summary>SIGKILL to the boot loader and to all that it started, as a power cut would.</summary>
    public async Task KillEverythingAsync()
    {
        var all = ProcessLook.Of(Root);
        Kill([BootLoader, .. all]);
        await boot!.WaitForExitAsync();
        await Eventually.HoldsAsync("everything is gone", () => ProcessLook.Of(Root).Count == 0);
    }

    public Task AnswersAsync() => Eventually.HoldsAsync($"the agent answers at {Url}\n{Log}", async () =>
    {
        try
        {
            return (await http.GetAsync(Url + "/healthz")).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    });

    /// <summary>Pushes a bundle by HTTP POST; the status code and the text of the answer.</summary>
    public async Task<(int Code, string Text)> PushAsync(byte[] bundle, int? commitTimeout = null)
    {
        using var form = new MultipartFormDataContent();
        if (commitTimeout is { } seconds)
        {
            form.Add(new StringContent($"{seconds}"), "commit_timeout");
        }
        var file = new ByteArrayContent(bundle);
        file.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        form.Add(file, "file", "fw.zip");
        using var answer = await http.PostAsync(Url + "/update", form);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>A call as the standard client makes it: the result, or the error object.</summary>
    public async Task<(JsonNode? Result, JsonNode? Error)> CallAsync(string method, string parameters = "{}")
    {
        using var content = new StringContent($$"""{"src":"test","id":1662941514412,"method":"{{method}}","params":{{parameters}}}""");
        using var answer = await http.PostAsync(Url + "/rpc", content);
        var frame = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        return (frame["result"], frame["error"]);
    }

    public async Task<(int Code, string Text)> GetAsync(string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Url + path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        using var answer = await http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task<(int Code, string Text)> PostAsync(string path, byte[] body, string type = "application/json")
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using var answer = await http.PostAsync(Url + path, content);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>The state that the device tells; none while it does not answer.</summary>
    public async Task<JsonNode?> StatusAsync()
    {
        try
        {
            return (await CallAsync("OTA.Status")).Result;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Waits until a version runs, looked at from outside: the environment of the firmware's process.</summary>
    public async Task RunsAsync(string version, bool trial)
    {
        await Eventually.HoldsAsync($"{version} runs, trial {trial}\n{Log}", async () =>
            Firmware is > 0 and var process
            && ProcessLook.Variable(process, "MEERKAT_VERSION") == version
            && await StatusAsync() is { } status
            && (string?)status["version"] == version
            && (bool)status["is_committed"]! != trial);
    }

    /// <summary>Waits until the device has fallen back and runs a version, committed; the reason's code.</summary>
    public async Task<JsonNode> FellBackToAsync(string version, string reason)
    {
        await Eventually.HoldsAsync($"fell back to {version} because of {reason}\n{Log}", async () =>
            await StatusAsync() is { } status
            && (string?)status["reason"]?["code"] == reason
            && (string?)status["version"] == version
            && (bool)status["is_committed"]!);
        await RunsAsync(version, trial: false);
        return (await StatusAsync())!;
    }

    /// <summary>Updates to a version, commits, and waits until that is so.</summary>
    public async Task UpdateAsync(TestFirmware firmware)
    {
        var (code, text) = await PushAsync(firmware.Bundle(), commitTimeout: 600);
        Assert.True(code == 200, text);
        await RunsAsync(firmware.Version, trial: true);
        Assert.Null((await CallAsync("OTA.Commit")).Error);
        await RunsAsync(firmware.Version, trial: false);
    }

    public string PathOf(string relative) => Path.Combine(Root, relative);

    public string[] Starts() => File.Exists(PathOf("data/starts")) ? File.ReadAllLines(PathOf("data/starts")) : [];

    public async ValueTask DisposeAsync()
    {
        if (boot is not null)
        {
            if (!boot.HasExited)
            {
                await KillEverythingAsync();
            }
            boot.Dispose();
        }
        http.Dispose();
        await Eventually.HoldsAsync("nothing of the device is left", () =>
        {
            ProcessLook.Of(Root).ForEach(Kill);
            return ProcessLook.Of(Root).Count == 0;
        });
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>One that has ended in between is no matter.</summary>
    private static void Kill(IEnumerable<int> processes)
    {
        var words = processes.Select(process => process.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var kill = Process.Start(new ProcessStartInfo("kill", ["-9", .. words]) { RedirectStandardError = true })!;
        kill.WaitForExit();
    }

    private void Note(string? line)
    {
        lock (log)
        {
            log.AppendLine(line);
        }
    }
}
