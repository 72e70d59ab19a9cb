using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Meerkat.Fuzz.Targets;

namespace Meerkat.Fuzz;

/// <summary>The program's one command.</summary>
internal static class FuzzCommand
{
    private static readonly Option<double> Minutes = new("--minutes") { Description = "How long, over all targets", DefaultValueFactory = _ => 10 };
    private static readonly Option<string?> Only = new("--target") { Description = "One target instead of all of them" };
    private static readonly Option<int?> Seed = new("--seed") { Description = "Decides about every input; printed at the beginning" };
    private static readonly Option<FileInfo?> Replay = new("--replay") { Description = "Tries one file with --target, and nothing else" };
    private static readonly Option<bool> Save = new("--save") { Description = "Adds the shortest inputs that take new branches to testdata/fuzz" };

    public static RootCommand Create()
    {
        Only.AcceptOnlyFromAmong([.. AllTargets.Names]);
        Minutes.Validators.Add(given =>
        {
            if (given.GetValueOrDefault<double>() is not (> 0 and <= 10_000))
            {
                given.AddError("--minutes must be more than 0 and at most 10000");
            }
        });
        var command = new RootCommand($"""
            Gives everything that parses inputs that it was not made for, and looks at what must hold. docs/reliability-fuzzing.md tells what.
            Targets: {string.Join(", ", AllTargets.Names)}.

            Exit codes: 0 nothing was found, 1 something was (the last lines say what and how to repeat it), 2 wrong usage.

            Examples:
              fuzz/run --minutes 10
              fuzz/run --minutes 1 --target tar --seed 7
              fuzz/run --target tar --replay testdata/fuzz/tar/0123456789abcdef
            """)
        {
            Minutes, Only, Seed, Replay, Save,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult given)
    {
        if (given.GetValue(Replay) is { } file)
        {
            return given.GetValue(Only) is { } name ? Repeat(AllTargets.Named(name), file) : Wrong("--replay needs --target");
        }
        var targets = given.GetValue(Only) is { } only ? [AllTargets.Named(only)] : AllTargets.Create();
        var seed = given.GetValue(Seed) ?? Environment.TickCount & int.MaxValue;
        var each = TimeSpan.FromMinutes(given.GetValue(Minutes) / targets.Count);
        Tell($"seed {seed}, {each.TotalSeconds:0} s for each of {targets.Count} targets, "
            + (Coverage.IsThere ? "guided by coverage" : "not guided: the parsers are not instrumented (fuzz/run does that)"));
        var rows = new List<string>();
        var findings = 0;
        foreach (var target in targets)
        {
            using var underWay = new InputUnderWay(target.Name);
            var campaign = new Campaign(target, seed, timed: true) { Begins = underWay.Begin };
            var progress = new Progress(target.Name);
            campaign.Run(now =>
            {
                progress.Tell(now);
                return now.Took < each;
            });
            if (given.GetValue(Save) && Coverage.IsThere)
            {
                Tell($"{target.Name}: {Corpus.Save(target, campaign.Interesting)} inputs saved");
            }
            rows.Add(Row(target, campaign));
            if (campaign.Finding is { } finding)
            {
                findings++;
                Tell($"{target.Name}: {finding.Text}");
                Tell($"repeat with: fuzz/run --target {target.Name} --replay {Corpus.Keep(target.Name, finding.Input)}");
                Tell($"or: fuzz/run --target {target.Name} --seed {seed} (input {campaign.Inputs})");
            }
        }
        Console.WriteLine("| target | inputs | inputs/s | corpus | branches | findings |");
        Console.WriteLine("|---|---|---|---|---|---|");
        rows.ForEach(Console.WriteLine);
        return findings == 0 ? 0 : 1;
    }

    private static string Row(Target target, Campaign campaign) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {target.Name} | {campaign.Inputs} | {campaign.Inputs / Math.Max(0.001, campaign.Took.TotalSeconds):0} "
        + $"| {campaign.Interesting.Count} | {campaign.Branches} | {(campaign.Finding is null ? 0 : 1)} |");

    private static int Repeat(Target target, FileInfo file)
    {
        if (!file.Exists)
        {
            return Wrong($"{file.FullName} is not there");
        }
        var content = File.ReadAllBytes(file.FullName);
        var input = file.Name.EndsWith("-under-way", StringComparison.Ordinal) ? InputUnderWay.Read(content) : content;
        var wrong = Trial.Run(target, input, mustBeAccepted: false, timed: true);
        Console.WriteLine(wrong ?? $"{file.Name}: all holds");
        return wrong is null ? 0 : 1;
    }

    private static int Wrong(string text)
    {
        Console.Error.WriteLine($"Error: {text}; see --help");
        return 2;
    }

    private static void Tell(FormattableString text) => Console.Error.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static void Tell(string text) => Console.Error.WriteLine(text);

    /// <summary>A line on stderr every ten seconds.</summary>
    private sealed class Progress(string target)
    {
        private long last = Stopwatch.GetTimestamp();

        public void Tell(Campaign campaign)
        {
            if (Stopwatch.GetElapsedTime(last).TotalSeconds >= 10)
            {
                last = Stopwatch.GetTimestamp();
                FuzzCommand.Tell($"{target}: {campaign.Inputs} inputs, {campaign.Interesting.Count} in the corpus, {campaign.Branches} branches");
            }
        }
    }
}
