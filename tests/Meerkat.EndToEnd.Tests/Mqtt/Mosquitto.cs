using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests.Mqtt;

/// <summary>A broker of the distribution, with a configuration and a port of its own. Where there is none the tests are skipped, but never in CI.</summary>
internal sealed class Mosquitto : IAsyncDisposable
{
    private readonly StringBuilder log = new();
    private readonly string[] configuration;
    private Process? process;

    private Mosquitto(string folder, int port, string[] configuration)
    {
        Folder = folder;
        Port = port;
        this.configuration = configuration;
    }

    public string Folder { get; }

    public int Port { get; }

    public IReadOnlyList<string> Configuration => configuration;

    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>What the broker has logged: who connected, subscribed and published what.</summary>
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

    /// <param name="configuration">Lines of mosquitto.conf(5), in place of <c>allow_anonymous true</c>.</param>
    public static async Task<Mosquitto> StartAsync(params string[] configuration)
    {
        if (Program() is null)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "CI has no mosquitto; .ci/run installs it");
            Assert.Skip("mosquitto is not installed; on Debian: apt-get install mosquitto mosquitto-clients");
        }
        var folder = Directory.CreateTempSubdirectory("mosquitto-").FullName;
        var broker = new Mosquitto(folder, DeviceUnderTest.FreePort(), configuration.Length > 0 ? configuration : ["allow_anonymous true"]);
        await broker.StartAgainAsync();
        return broker;
    }

    public async Task StartAgainAsync()
    {
        var file = Path.Combine(Folder, "mosquitto.conf");
        await File.WriteAllLinesAsync(file, [$"listener {Port} 127.0.0.1", "log_type all", "user root", .. configuration]);
        process?.Dispose();
        process = new Process { StartInfo = new ProcessStartInfo(Program()!, ["-c", file]) { RedirectStandardError = true, RedirectStandardOutput = true } };
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.Start();
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        await Eventually.HoldsAsync($"mosquitto listens\n{Log}", async () =>
        {
            Assert.False(process.HasExited, Log);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync("127.0.0.1", Port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        });
    }

    /// <summary>As a broker that crashes: nothing is said to anybody.</summary>
    public async Task StopAsync()
    {
        if (process is { HasExited: false })
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    /// <summary><c>mosquitto_pub</c> with options of its own.</summary>
    public Task<CommandRun> PublishAsync(string topic, string payload, params string[] options) =>
        CommandRun.RunAsync("mosquitto_pub", ["-h", "127.0.0.1", "-p", Text(Port), "-q", "1", "-t", topic, "-m", payload, .. options]);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        process?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static string? Program() => ((string[])["/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto"]).FirstOrDefault(File.Exists);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private void Note(string? line)
    {
        lock (log)
        {
            log.AppendLine(line);
        }
    }
}
