using System.ComponentModel;
using System.Text.RegularExpressions;
using Meerkat.EndToEnd.Tests.Harness;
using Meerkat.EndToEnd.Tests.SystemCalls;
using Meerkat.Simulator.Machine;
using Meerkat.Simulator.Search;

namespace Meerkat.EndToEnd.Tests;

/// <summary>
/// The system calls of real devices, done again on a medium that loses what was not flushed, and cut at every one of them. The
/// simulation proves the order of the shipped code's operations; this proves that they reach the kernel.
/// </summary>
public sealed partial class SystemCallTests
{
    private const int Threads = 2;

    /// <summary>What is flushed where no promise rests on it, or rests on it in this life; with digits as N.</summary>
    private static readonly Dictionary<string, string> Spare = new()
    {
        [""] = "the directories of a device are there before its first start",
        ["run"] = "written anew at every start",
        ["run/config.json.new"] = "written anew at every start",
        ["boot"] = "a new boot/agent.json gets its name: see there; the record's copies have theirs from the beginning",
        ["boot/agent.json.new"] = "for a device with nothing to start, which this one never is",
        ["log"] = "logs are kept as they come",
        ["log/failed-output.txt.new"] = "logs are kept as they come",
        ["slots/N/tmp"] = "names that came and went; should one come back, the next use removes it",
        ["slots/N/fs/user/empty"] = "a directory of the user's without names in it",
    };

    /// <summary>One life of the shipped programs serves all who only look at it.</summary>
    private static readonly Lazy<Task<RecordedLife>> Shipped = new(() => RecordedLife.LiveAsync(Repository.Program("meerkat-boot")));

    [Fact]
    public async Task PowerCutAfterAnyCall_LeavesADeviceThatStartsAWholeFirmware()
    {
        await DemandStraceAsync();
        var life = ReplayedLife.Of(await Shipped.Value);
        var search = new CutExplorer();
        search.Run(life.Points, Threads, TestContext.Current.CancellationToken);

        Tell($"{life.Calls} calls traced, {life.Operations} operations of the medium, {life.Points.Count} moments, "
            + $"{search.Counts.Cuts} cuts, {search.Counts.States} different states");
        Assert.True(search.Violations.Count == 0, string.Join('\n', search.Violations.Select(Text)));
    }

    /// <summary>Of the same calls one flush is left out, then another: the search sees each that a promise rests on.</summary>
    [Fact]
    public async Task FlushThatIsLeftOut_IsFound()
    {
        await DemandStraceAsync();
        var life = await Shipped.Value;
        var flushes = life.Events.OfType<TraceEvent.Call>().Where(call => call is { Name: "fsync", Result: 0 }).ToLookup(call => Place(life, call));
        var unseen = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var place in flushes)
        {
            if (!place.Any(flush => Find(life with { Events = [.. life.Events.Where(happened => happened != flush)] }, place.Key)))
            {
                unseen.Add(place.Key);
            }
        }

        Tell($"{flushes.Sum(place => place.Count())} flushes in {flushes.Count} kinds of places, found to be needed in {flushes.Count - unseen.Count}");
        Assert.True(unseen.IsSubsetOf(Spare.Keys), $"not missed, and not said why: {string.Join(", ", unseen.Except(Spare.Keys))}");
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
            Assert.NotNull(FirstViolation(life, sabotage));
        }
        finally
        {
            programs.Delete(recursive: true);
        }
    }

    private static bool Find(RecordedLife life, string what)
    {
        try
        {
            return FirstViolation(ReplayedLife.Of(life), what) is not null;
        }
        catch (ViolationException)
        {
            // Seen while the life went on, before any cut.
            return true;
        }
    }

    /// <summary>The plainest outcomes of each cut are enough for what is grossly wrong.</summary>
    private static Violation? FirstViolation(ReplayedLife life, string what)
    {
        var search = new CutExplorer { Few = true, StopAtFirst = true };
        search.Run(life.Points, Threads, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(search.Violations, violation => violation.IsFault);
        var found = search.Violations.FirstOrDefault();
        Tell($"without {what}: {(found is null ? "nothing is seen" : Text(found))}");
        return found;
    }

    /// <summary>What was flushed, below the root, with digits as N.</summary>
    private static string Place(RecordedLife life, TraceEvent.Call flush) => Digits().Replace(
        TraceText.Path(flush.Arguments[0])!.Path is var path && path.StartsWith(life.Root + "/", StringComparison.Ordinal) ? path[(life.Root.Length + 1)..] : "",
        "N");

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();

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
