using System.Diagnostics;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>A program that was run to its end.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static Task<CommandRun> RunAsync(string program, params string[] arguments) =>
        RunInAsync(Path.GetTempPath(), program, arguments);

    public static async Task<CommandRun> RunInAsync(string directory, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory,
        };
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new CommandRun(process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    public static Task<CommandRun> MeerkatAsync(params string[] arguments) =>
        RunAsync(Repository.Program("meerkat"), arguments);

    public static Task<CommandRun> CurlAsync(params string[] arguments) =>
        RunAsync("curl", ["-s", "-S", "-m", "60", .. arguments]);
}
