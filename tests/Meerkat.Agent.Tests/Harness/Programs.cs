using System.Diagnostics;
using System.Reflection;

namespace Meerkat.Agent.Tests.Harness;

/// <summary>The programs under test, as they were built.</summary>
internal static class Programs
{
    private static readonly string Root = typeof(Programs).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepoRoot").Value!;

    public static string Path(string name) => System.IO.Path.Combine(Root, "bin", name, name);

    /// <summary>Runs the agent until it ends by itself.</summary>
    /// <param name="root">The device.</param>
    /// <param name="mode">As what the boot loader would have started it.</param>
    public static async Task<(int ExitCode, string Errors)> RunAgentAsync(string root, string mode)
    {
        var start = new ProcessStartInfo(Path("meerkat-agent"), [root]) { RedirectStandardError = true };
        start.Environment["MEERKAT_MODE"] = mode;
        start.Environment.Remove("NOTIFY_SOCKET");
        using var agent = Process.Start(start)!;
        var errors = await agent.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await agent.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (agent.ExitCode, errors);
    }
}
