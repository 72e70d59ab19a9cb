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

    private string Tail => Output is { Length: > 2000 } all ? all[^2000..] : Output;

    public StreamWriter Input => process.StandardInput;

    public static RunningTool Start(params string[] arguments) => new(Process.Start(
        new ProcessStartInfo(Repository.Program("meerkat"), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);

    /// <summary>Waits until standard output holds a text.</summary>
    public Task SaysAsync(string text) => ShowsAsync(text, output => output.Contains(text, StringComparison.Ordinal));

    /// <summary>Waits until standard output is as wished; fails with all that the tool said, at once when it has ended.</summary>
    public async Task ShowsAsync(string what, Func<string, bool> condition)
    {
        try
        {
            await Eventually.HoldsAsync($"the tool shows: {what}", () => process.HasExited || condition(Output));
        }
        catch (Xunit.Sdk.XunitException e)
        {
            throw new InvalidOperationException($"{e.Message}\n{Error}\n{Tail}");
        }
        if (process.HasExited)
        {
            await reading;
            Assert.True(condition(Output), $"the tool has ended with {process.ExitCode} before it showed: {what}\n{Error}\n{Tail}");
        }
    }

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
