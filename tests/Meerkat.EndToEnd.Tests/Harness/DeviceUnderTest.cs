using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Settings;
using Meerkat.Device.Provisioning;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>
/// A device with real processes in a directory of its own. Whatever a test does, nothing of it survives
/// <see cref="DisposeAsync"/>, which fails when something had to be ended by hand.
/// </summary>
internal sealed class DeviceUnderTest : IAsyncDisposable
{
    private readonly string folder;
    private readonly DeviceSetup setup;
    private readonly HttpClient http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero })
    {
        Timeout = TimeSpan.FromSeconds(60),
        DefaultRequestHeaders = { ConnectionClose = true },
    };

    private Process? boot;

    private DeviceUnderTest(string folder, DeviceSetup setup)
    {
        this.folder = folder;
        this.setup = setup;
        Root = Path.Combine(folder, "device");
        Port = FreePort();
    }

    /// <summary>Some things only root can do: run the firmware as somebody else, mount a file system.</summary>
    public static bool IsRoot { get; } = Environment.UserName == "root";

    public string Root { get; }

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    /// <summary>A folder beside the device, for what the test itself needs.</summary>
    public string Folder => folder;

    /// <summary>All that the boot loader, the agent and the firmware have printed.</summary>
    public string Log => File.Exists(LogPath) ? File.ReadAllText(LogPath) : "";

    public RunningFirmware? Firmware => DeviceProcesses.Firmware(Root);

    public int BootProcess => boot!.Id;

    private string LogPath => Path.Combine(folder, "device.log");

    /// <summary>A device that runs its factory firmware and answers.</summary>
    public static async Task<DeviceUnderTest> StartAsync(DeviceSetup? setup = null)
    {
        var device = Make(setup);
        try
        {
            device.StartBoot();
            await device.RunsAsync(device.setup.Factory.Version, trial: false);
            return device;
        }
        catch
        {
            await device.DisposeAsync();
            throw;
        }
    }

    /// <summary>A device that has not been started yet.</summary>
    public static DeviceUnderTest Make(DeviceSetup? setup = null)
    {
        var folder = Directory.CreateDirectory(
            Path.Combine(setup?.Place ?? Path.GetTempPath(), "meerkat-e2e." + Path.GetRandomFileName()[..8])).FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0x1ED);
        var device = new DeviceUnderTest(folder, setup ?? new DeviceSetup());
        var pins = new JsonObject();
        Dictionary<string, JsonNode> settings = new()
        {
            ["boot.ready_after"] = 0.5,
            ["boot.settle"] = 0.5,
            ["boot.stop_timeout"] = 1,
            ["boot.ready_timeout"] = 15,
        };
        foreach (var (key, value) in device.setup.Pins)
        {
            settings[key] = value;
        }
        var factory = device.setup.Factory;
        if (device.setup.PinAddress)
        {
            settings["http.listen_addr"] = device.Address;
        }
        else
        {
            factory = factory with
            {
                Files = new Dictionary<string, string>(factory.Files)
                {
                    ["conf0.json"] = $$"""{"http": {"listen_addr": "{{device.Address}}"} }""",
                },
            };
        }
        foreach (var (key, value) in settings)
        {
            Assert.True(ConfigPath.TrySet(pins, key, value.DeepClone()));
        }
        using var bundle = new MemoryStream(factory.Bundle());
        DeviceProvisioner.Provision(device.Root, bundle, IsRoot ? "nobody" : "", "", pins, _ => { });
        return device;
    }

    public void StartBoot()
    {
        boot?.Dispose();
        var program = setup.Programs is null ? Command.Program("meerkat-boot") : Path.Combine(setup.Programs, "meerkat-boot");
        // The shell only gives it a log, and becomes it.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$1\" >>\"$2\" 2>&1", program, Root, LogPath]);
        Command.Prepare(start);
        boot = Process.Start(start)!;
    }

    /// <summary>Waits until this version runs, in a trial or not, and the agent answers.</summary>
    public async Task<RunningFirmware> RunsAsync(string version, bool trial)
    {
        var seen = await Eventually.IsAsync($"{version} runs {(trial ? "in a trial" : "and is committed")}, and the agent answers", async () =>
        {
            Assert.False(boot!.HasExited, $"meerkat-boot ended:\n{Log}");
            var firmware = Firmware;
            if (firmware is null || firmware.Version != version)
            {
                return null;
            }
            var status = await TryStatusAsync();
            return status is not null && Text(status, "version") == version && trial == (Text(status, "phase") == "trial")
                && status["is_committed"]!.GetValue<bool>() == !trial
                ? firmware
                : null;
        });
        return seen;
    }

    /// <summary>SIGTERM, as a service manager does it; the exit code.</summary>
    public async Task<int> StopAsync()
    {
        await Command.DemandAsync("/bin/kill", "-TERM", $"{BootProcess}");
        return await BootEndedAsync();
    }

    public async Task<int> BootEndedAsync()
    {
        await Eventually.HoldsAsync("meerkat-boot ends", () => boot!.HasExited);
        return boot!.ExitCode;
    }

    /// <summary>SIGKILL for the boot loader and all that it has started, as when the power goes.</summary>
    public async Task KillEverythingAsync()
    {
        DeviceProcesses.Kill(BootProcess);
        DeviceProcesses.Of(Root).ForEach(DeviceProcesses.Kill);
        await Eventually.HoldsAsync("nothing of the device is alive", () => DeviceProcesses.Of(Root).Count == 0);
        await boot!.WaitForExitAsync();
    }

    public async Task RestartAsync()
    {
        Assert.Equal(0, await StopAsync());
        StartBoot();
    }

    public string Inside(string relative) => Path.Combine(Root, relative);

    // ---- calls ----------------------------------------------------------------------------------------------------------

    public async Task<Answer> PushAsync(byte[] bundle, int? commitTimeout = null)
    {
        using var form = new MultipartFormDataContent();
        if (commitTimeout is { } seconds)
        {
            form.Add(new StringContent($"{seconds}"), "commit_timeout");
        }
        var file = new ByteArrayContent(bundle);
        file.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        form.Add(file, "file", "fw.zip");
        using var answer = await http.PostAsync($"http://{Address}/update", form);
        return new Answer((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Pushes a good bundle and waits for its trial.</summary>
    public async Task<RunningFirmware> TrialOfAsync(Firmware firmware, int commitTimeout = 300)
    {
        await AcceptsAsync(firmware, commitTimeout);
        return await RunsAsync(firmware.Version, trial: true);
    }

    public async Task AcceptsAsync(Firmware firmware, int commitTimeout)
    {
        var answer = await PushAsync(firmware.Bundle(), commitTimeout);
        Assert.True(answer.Status == 200, $"refused: {answer.Status} {answer.Text}");
        Assert.StartsWith("1 ", answer.Text, StringComparison.Ordinal);
    }

    /// <summary>Whatever happened before: a good update works, its commit works, and it survives a restart.</summary>
    public async Task TakesNextUpdateAsync(string version = "9.0.0")
    {
        await TrialOfAsync(new Firmware(version));
        Assert.True((await CallAsync("OTA.Commit")).Succeeded);
        await RunsAsync(version, trial: false);
    }

    public async Task<Answer> GetAsync(string path) => await SendAsync(new HttpRequestMessage(HttpMethod.Get, $"http://{Address}{path}"));

    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var answer = await http.SendAsync(request);
            return new Answer((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    public async Task<Reply> CallAsync(string method, string arguments = "{}")
    {
        using var body = new StringContent(
            $$"""{"id": 1, "method": "{{method}}", "args": {{arguments}}}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync($"http://{Address}/rpc", body);
        var frame = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        return frame["error"] is { } error
            ? new Reply(null, error["code"]!.GetValue<int>(), error["message"]!.GetValue<string>())
            : new Reply(frame["result"], 0, "");
    }

    public async Task<JsonNode> StatusAsync()
    {
        var reply = await CallAsync("OTA.Status");
        Assert.True(reply.Succeeded, reply.Error);
        return reply.Result!;
    }

    public async Task<JsonNode?> TryStatusAsync()
    {
        try
        {
            return (await CallAsync("OTA.Status")).Result;
        }
        catch (Exception fault) when (fault is HttpRequestException or JsonException)
        {
            return null;
        }
    }

    public static string Text(JsonNode status, params string[] path) =>
        path.Aggregate((JsonNode?)status, (node, step) => node?[step])?.ToString() ?? "";

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        var survivors = new List<int>();
        if (boot is not null)
        {
            if (!boot.HasExited)
            {
                boot.Kill();
                await boot.WaitForExitAsync();
            }
            boot.Dispose();
            try
            {
                await Eventually.HoldsAsync("", () => DeviceProcesses.Of(Root).Count == 0, TimeSpan.FromSeconds(10));
            }
            catch (TimeoutException)
            {
                survivors = DeviceProcesses.Of(Root);
                survivors.ForEach(DeviceProcesses.Kill);
            }
            // Shown only when the test fails.
            TestContext.Current.TestOutputHelper?.WriteLine($"---- log of {Root}\n{Log}");
        }
        Directory.Delete(folder, recursive: true);
        Assert.True(survivors.Count == 0, $"processes outlived the boot loader: {string.Join(", ", survivors)}");
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
