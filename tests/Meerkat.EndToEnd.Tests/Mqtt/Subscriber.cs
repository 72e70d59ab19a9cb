using System.Diagnostics;
using System.Globalization;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests.Mqtt;

/// <summary><c>mosquitto_sub</c>: what came, one line a message, topic first.</summary>
internal sealed class Subscriber : IAsyncDisposable
{
    private readonly List<string> lines = [];
    private readonly Process process;

    private Subscriber(Process process) => this.process = process;

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (lines)
            {
                return [.. lines];
            }
        }
    }

    /// <summary>Returns when the broker has the subscription.</summary>
    public static async Task<Subscriber> StartAsync(Mosquitto broker, string topic, params string[] options)
    {
        var id = $"sub-{Guid.NewGuid():N}";
        string[] words = ["-h", "127.0.0.1", "-p", broker.Port.ToString(CultureInfo.InvariantCulture), "-i", id, "-q", "1", "-t", topic, "-F", "%t %r %p", .. options];
        var process = new Process { StartInfo = new ProcessStartInfo("mosquitto_sub", words) { RedirectStandardOutput = true } };
        var subscriber = new Subscriber(process);
        process.OutputDataReceived += (_, line) => subscriber.Note(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        await Eventually.HoldsAsync($"{topic} is subscribed\n{broker.Log}", () => broker.Log.Contains($"Sending SUBACK to {id}", StringComparison.Ordinal));
        return subscriber;
    }

    /// <summary>Waits for a message that contains a text; its line.</summary>
    public async Task<string> GetsAsync(string text)
    {
        await Eventually.HoldsAsync($"a message with {text}; there are\n{string.Join('\n', Lines)}", () => Lines.Any(line => line.Contains(text, StringComparison.Ordinal)));
        return Lines.First(line => line.Contains(text, StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private void Note(string? line)
    {
        if (line is not null)
        {
            lock (lines)
            {
                lines.Add(line);
            }
        }
    }
}
