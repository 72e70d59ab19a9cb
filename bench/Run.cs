using System.ComponentModel;
using System.Diagnostics;

namespace Meerkat.Bench;

/// <summary>A program run to its end.</summary>
/// <param name="ExitCode">Of the program.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Error">What it complained about.</param>
/// <param name="Elapsed">From its start to its end.</param>
internal sealed record Run(int ExitCode, string Output, string Error, TimeSpan Elapsed)
{
    public static async Task<Run> Async(string program, IEnumerable<string> words)
    {
        var start = new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true };
        var begun = Stopwatch.GetTimestamp();
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception fault)
        {
            throw new BenchException($"{program} cannot be run: {fault.Message}; install it");
        }
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            var elapsed = Stopwatch.GetElapsedTime(begun);
            return new Run(process.ExitCode, await output, await error, elapsed);
        }
    }

    public static async Task<Run> CheckedAsync(string program, IEnumerable<string> words)
    {
        var done = await Async(program, words);
        return done.ExitCode == 0
            ? done
            : throw new BenchException($"{program} ended with exit code {done.ExitCode}: {done.Error.Trim()}");
    }
}
