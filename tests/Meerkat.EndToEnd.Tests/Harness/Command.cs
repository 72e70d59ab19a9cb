using System.Diagnostics;
using System.Reflection;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>What a program that ran to its end left behind.</summary>
internal sealed record Command(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public static string Repository { get; } = Assembly.GetExecutingAssembly()
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepoRoot").Value!.TrimEnd('/');

    /// <summary>A program of ours as the build leaves it.</summary>
    public static string Program(string name) => Path.Combine(Repository, "bin", name, name);

    public static Task<Command> ToolAsync(params string[] words) => RunAsync(Program("meerkat"), words);

    /// <summary>A line as it is typed into a shell, with the tool on its path.</summary>
    public static Task<Command> ShellAsync(string line, string? folder = null) => RunAsync("/bin/sh", ["-c", line], folder);

    public static async Task<Command> RunAsync(string program, IEnumerable<string> words, string? folder = null)
    {
        using var process = Process.Start(Describe(program, words, folder))!;
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new Command(process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>Runs something that must succeed, or the test makes no sense.</summary>
    public static async Task DemandAsync(string program, params string[] words)
    {
        var done = await RunAsync(program, words);
        Assert.True(done.ExitCode == 0, $"{program} {string.Join(' ', words)} ended with {done.ExitCode}: {done.Error}");
    }

    public static ProcessStartInfo Describe(string program, IEnumerable<string> words, string? folder = null)
    {
        var start = new ProcessStartInfo(program, words)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        Prepare(start);
        return start;
    }

    /// <summary>The environment of a user who has installed the programs, and nothing else that they might listen to.</summary>
    public static void Prepare(ProcessStartInfo start)
    {
        start.Environment.Remove("MEERKAT_PORT");
        start.Environment.Remove("MOS_PORT");
        start.Environment["PATH"] = $"{Path.Combine(Repository, "bin", "meerkat")}:{start.Environment["PATH"]}";
        // An apphost looks for the runtime in the usual places only.
        start.Environment["DOTNET_ROOT"] =
            Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
    }
}
