using System.Globalization;
using Meerkat.Simulator.Machine;
using Meerkat.Simulator.Medium;
using Meerkat.Simulator.Sabotages;

namespace Meerkat.Simulator.Search;

/// <summary>
/// Does again what a violation's path says: <c>175:but3</c>, the fixed life cut before its operation 175, of the pending changes all but
/// the third kept; <c>175:none/12:torn3@512</c>, and its recovery cut before operation 12; <c>seed:42x200</c>, a random life.
/// </summary>
public static class Replay
{
    private const string SeedWord = "seed:";

    public static string LifePath(int seed, int steps) => FormattableString.Invariant($"{SeedWord}{seed}x{steps}");

    /// <summary>Does it again.</summary>
    /// <param name="path">A violation's.</param>
    /// <param name="sabotage">The fault that was planted; none for none.</param>
    /// <param name="log">Takes one line an event: of the programs, of the world, and what was not durable at a cut.</param>
    /// <returns>The violation; none when there is none.</returns>
    /// <exception cref="FormatException">It is no path, or leads nowhere.</exception>
    public static Violation? Run(string path, string? sabotage, Action<string> log)
    {
        var maker = sabotage is null ? Sabotage.None : SabotageList.Maker(sabotage);
        return OwnThread.Run(() => path.StartsWith(SeedWord, StringComparison.Ordinal) ? Live(path, maker, log) : Cut(path, maker, log));
    }

    private static Violation? Live(string path, Func<Sabotage> sabotage, Action<string> log)
    {
        if (path[SeedWord.Length..].Split('x') is not [var seedText, var stepsText] || !Number(seedText, out var seed) || !Number(stepsText, out var steps))
        {
            throw Wrong(path);
        }
        using var life = new RandomLife(seed, sabotage);
        try
        {
            life.Live(steps);
            return null;
        }
        catch (Exception broken)
        {
            return new Violation(path, "", broken is ViolationException ? broken.Message : broken.ToString());
        }
        finally
        {
            life.Steps.ForEach(log);
        }
    }

    private static Violation? Cut(string path, Func<Sabotage> sabotage, Action<string> log)
    {
        var cuts = path.Length == 0 ? [] : path.Split('/').Select(cut => Parse(cut, path)).ToList();
        CutPoint? point = null;
        var explorer = new CutExplorer(sabotage);
        explorer.Live(seen => point = cuts.Count > 0 && seen.Path == cuts[0].Number ? seen : point);
        if (point is null)
        {
            // What breaks without any cut ends the life before the point comes.
            return explorer.Violations.FirstOrDefault() ?? (cuts.Count == 0 ? null : throw new FormatException(
                $"the life has no operation {cuts[0].Number}; it has {explorer.Counts.Operations}"));
        }
        for (var index = 0; ; index++)
        {
            Tell(point, cuts[index], log);
            var device = explorer.Come(point, cuts[index].Outcome, log);
            try
            {
                var second = new List<CutPoint>(1);
                if (index + 1 < cuts.Count)
                {
                    var (medium, number) = (device.Medium, cuts[index + 1].Number);
                    medium.BeforeOperation = operation =>
                    {
                        if (medium.Operations.ToString(CultureInfo.InvariantCulture) == number)
                        {
                            second.Add(new CutPoint(path, operation, medium.Copy(), device.Truth, device.Clock.GetUtcNow(), device.Kernels));
                        }
                    };
                }
                CutExplorer.Recover(device, cuts[index].Killed);
                if (second is [var found, ..])
                {
                    point = found;
                    continue;
                }
                if (index + 1 < cuts.Count)
                {
                    throw new FormatException($"the recovery has no operation {cuts[index + 1].Number}; it has {device.Medium.Operations}");
                }
                CutExplorer.Finish(device);
                return null;
            }
            catch (ViolationException broken)
            {
                return new Violation(path, point.Operation, broken.Message);
            }
            finally
            {
                device.Dispose();
            }
        }
    }

    private static void Tell(CutPoint point, (string Number, CrashOutcome Outcome, bool Killed) cut, Action<string> log)
    {
        log($"cut before operation {cut.Number}: {point.Operation}; the update is at {point.Truth.Stage}");
        var index = 0;
        foreach (var change in point.Medium.PendingTexts)
        {
            log(FormattableString.Invariant($"  not durable: {index++}: {change}"));
        }
        log(cut.Killed ? "the boot loader is ended, the machine goes on" : $"the power goes; kept: {cut.Outcome}");
    }

    private static (string Number, CrashOutcome Outcome, bool Killed) Parse(string cut, string path) =>
        cut.Split(':') is [var number, var outcome] && Number(number, out _)
            ? (number, outcome == "kill" ? CrashOutcome.Everything : CrashOutcome.Parse(outcome), outcome == "kill")
            : throw Wrong(path);

    private static bool Number(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static FormatException Wrong(string path) =>
        new($"\"{path}\" is no path of a violation; expected for example 175:but3, 175:none/12:torn3@512 or seed:42x200");
}
