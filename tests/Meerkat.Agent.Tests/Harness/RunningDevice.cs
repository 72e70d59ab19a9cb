using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Meerkat.Agent.Tests.Harness;

/// <summary>A device run by the real boot loader and the real agent, which listens where the system lets it.</summary>
public sealed class RunningDevice : IAsyncLifetime
{
    private const string Announcement = "listens on ";

    private readonly TaskCompletionSource<int> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromMinutes(1) };
    private readonly StringBuilder lines = new();
    private DeviceFolder? folder;
    private Process? boot;

    /// <summary>What is changed of the device before it starts.</summary>
    internal Action<DeviceFolder>? Prepare { get; init; }

    /// <summary>Where the agent listens.</summary>
    public int Port { get; private set; }

    public string Root => folder!.Root;

    /// <summary>What boot loader and agent have said.</summary>
    public string Log
    {
        get
        {
            lock (lines)
            {
                return lines.ToString();
            }
        }
    }

    public string InSlot(string name) => folder!.InSlot(name);

    public async ValueTask InitializeAsync()
    {
        folder = new DeviceFolder("127.0.0.1:0");
        Prepare?.Invoke(folder);
        boot = new Process
        {
            StartInfo = new ProcessStartInfo(Programs.Path("meerkat-boot"), [folder.Root])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            },
        };
        boot.ErrorDataReceived += (_, line) => Look(line.Data);
        boot.Start();
        boot.BeginErrorReadLine();
        boot.BeginOutputReadLine();
        Port = await listening.Task.WaitAsync(TimeSpan.FromMinutes(1));
    }

    public async ValueTask DisposeAsync()
    {
        if (boot is not null)
        {
            using var kill = Process.Start("kill", [boot.Id.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
            await boot.WaitForExitAsync();
            boot.Dispose();
        }
        folder?.Dispose();
        http.Dispose();
    }

    /// <summary>Sends a request; the answer with its body.</summary>
    public async Task<(int Status, string Body)> SendAsync(
        string method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"http://127.0.0.1:{Port}{path}");
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        }
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content!.Headers.TryAddWithoutValidation(name, value);
            }
        }
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Calls a method by a frame: the whole answer.</summary>
    public async Task<JsonObject> CallAsync(string method, string arguments = "{}")
    {
        var (status, body) = await SendAsync("POST", "/rpc", $$"""{"id":1,"method":"{{method}}","params":{{arguments}}}""");
        Assert.Equal(200, status);
        Assert.EndsWith("}\r\n", body);
        return JsonNode.Parse(body)!.AsObject();
    }

    /// <summary>Sends bytes as they are, and reads until the device closes the connection.</summary>
    public async Task<string> RawAsync(string request)
    {
        using var client = await ConnectAsync(request);
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>A connection on which bytes have been sent.</summary>
    public async Task<TcpClient> ConnectAsync(string request)
    {
        var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Port, TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        return client;
    }

    private void Look(string? line)
    {
        lock (lines)
        {
            lines.AppendLine(line);
        }
        if (line?.IndexOf(Announcement, StringComparison.Ordinal) is >= 0 and var at)
        {
            listening.TrySetResult(new Uri(line[(at + Announcement.Length)..]).Port);
        }
    }
}
