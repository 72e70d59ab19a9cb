using System.Diagnostics;
using System.Reflection;

namespace Meerkat.Tool.Tests;

/// <summary>What a run of the tool left behind.</summary>
internal sealed record ToolProcess(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly string Program = Path.Combine(
        Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepoRoot").Value!,
        "bin",
        "meerkat",
        "meerkat");

    public static Task<ToolProcess> RunAsync(params string[] args) => RunAsync([], args);

    /// <summary>Runs a shell script in which <c>$0</c> is the tool.</summary>
    public static Task<ToolProcess> RunScriptAsync(string script) => RunProgramAsync("/bin/sh", [], ["-c", script, Program]);

    public static Task<ToolProcess> RunAsync(Dictionary<string, string> environment, params string[] args) =>
        RunProgramAsync(Program, environment, args);

    private static async Task<ToolProcess> RunProgramAsync(string program, Dictionary<string, string> environment, string[] args)
    {
        var start = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("MEERKAT_PORT");
        start.Environment.Remove("MOS_PORT");
        start.Environment.Remove("MEERKAT_CREDENTIALS");
        start.Environment.Remove("MOS_RPC_CREDS");
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new ToolProcess(process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
