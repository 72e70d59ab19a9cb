using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>The tool while it runs: what it has printed so far, its input, and Ctrl-C.</summary>
internal sealed class RunningTool : IAsyncDisposable
{
    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder error = new();
    private readonly Task reading;

    private RunningTool(Process process)
    {
        this.process = process;
        reading = Task.WhenAll(CollectAsync(process.StandardOutput, output), CollectAsync(process.StandardError, error));
    }

    /// <summary>All of standard output until now.</summary>
    public string Output => Text(output);

    public string Error => Text(error);

    public StreamWriter Input => process.StandardInput;

    public static RunningTool Start(params string[] arguments) => new(Process.Start(
        new ProcessStartInfo(Repository.Program("meerkat"), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);

    /// <summary>Waits until standard output holds a text.</summary>
    public Task SaysAsync(string text) => Eventually.HoldsAsync(
        $"the tool says {text}", () => Output.Contains(text, StringComparison.Ordinal));

    /// <summary>Ctrl-C, and the exit code it leads to.</summary>
    public async Task<int> InterruptAsync()
    {
        await CommandRun.RunAsync("kill", "-INT", process.Id.ToString(CultureInfo.InvariantCulture));
        return await EndAsync();
    }

    public async Task<int> EndAsync()
    {
        await process.WaitForExitAsync();
        await reading;
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }
        await EndAsync();
        process.Dispose();
    }

    private static async Task CollectAsync(StreamReader reader, StringBuilder text)
    {
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer) is > 0 and var count)
        {
            lock (text)
            {
                text.Append(buffer, 0, count);
            }
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
