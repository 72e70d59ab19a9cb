using System.ComponentModel;
using Meerkat.EndToEnd.Tests.Harness;
using Meerkat.EndToEnd.Tests.SystemCalls;
using Meerkat.Simulator.Search;

namespace Meerkat.EndToEnd.Tests;

/// <summary>
/// The system calls of real devices, done again on a medium that loses what was not flushed, and cut at every one of them. The
/// simulation proves the order of the shipped code's operations; this proves that they reach the kernel.
/// </summary>
public sealed class SystemCallTests
{
    /// <summary>So that the whole family of outcomes is tried at every cut, which takes minutes.</summary>
    private const string AllVariable = "MEERKAT_ALL_CUTS";

    private const int Threads = 2;
    private const int MostPending = 16;

    [Fact]
    public async Task PowerCutAfterAnyCall_LeavesADeviceThatStartsAWholeFirmware()
    {
        await DemandStraceAsync();
        var life = ReplayedLife.Of(await RecordedLife.LiveAsync(Repository.Program("meerkat-boot")));
        var all = Environment.GetEnvironmentVariable(AllVariable) is { Length: > 0 };
        var search = Search(life, new CutExplorer { MostPending = all ? int.MaxValue : MostPending });

        Assert.True(search.Violations.Count == 0, string.Join('\n', search.Violations.Select(Text)));
    }

    [Theory]
    [InlineData("file-flush")]
    [InlineData("directory-flush")]
    public async Task BuildThatDoesNotFlush_IsFound(string sabotage)
    {
        await DemandStraceAsync();
        var programs = Directory.CreateTempSubdirectory("meerkat-");
        try
        {
            var built = await CommandRun.RunAsync(Path.Combine(Repository.Root, "bench/sabotage-build"), sabotage, programs.FullName, "--quick");
            Assert.True(built.ExitCode == 0, built.Error);
            var life = ReplayedLife.Of(await RecordedLife.LiveAsync(Path.Combine(programs.FullName, "meerkat-boot")));
            var search = Search(life, new CutExplorer { Few = true, StopAtFirst = true });

            Assert.Contains(search.Violations, violation => !violation.IsFault);
            Tell(Text(search.Violations.First()));
        }
        finally
        {
            programs.Delete(recursive: true);
        }
    }

    private static CutExplorer Search(ReplayedLife life, CutExplorer search)
    {
        search.Run(life.Points, Threads, TestContext.Current.CancellationToken);
        Tell($"{life.Calls} calls traced, {life.Operations} operations of the medium, {life.Points.Count} moments, "
            + $"{search.Counts.Cuts} cuts, {search.Counts.States} different states");
        return search;
    }

    private static string Text(Violation violation) => $"{violation.Path} {violation.Where}: {violation.Text}";

    private static void Tell(string line) => TestContext.Current.TestOutputHelper!.WriteLine(line);

    private static async Task DemandStraceAsync()
    {
        CommandRun run;
        try
        {
            run = await CommandRun.RunAsync("strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "true");
        }
        catch (Win32Exception)
        {
            Assert.Skip("strace is not there; on Debian: apt-get install strace");
            throw;
        }
        Assert.SkipUnless(run.ExitCode == 0, "strace may not trace here: " + run.Error.Trim());
    }
}
