using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Simulator.Sabotages;
using Meerkat.Simulator.Search;
using Spectre.Console;

namespace Meerkat.Tool.Commands;

internal static class SimulateCommand
{
    private const int MostShown = 10;

    public static Command Create()
    {
        var cuts = new Option<int>("--cuts") { Description = "0: random lives alone, 1: every cut, 2: also every cut of the recoveries", DefaultValueFactory = _ => 1 };
        var seed = new Option<int>("--seed") { Description = "Of the first random life", DefaultValueFactory = _ => 1 };
        var lives = new Option<int>("--lives") { Description = "How many random lives", DefaultValueFactory = _ => 100 };
        var minutes = new Option<double?>("--minutes") { Description = "Go on with random lives for so long, and then end" };
        var sabotage = new Option<string?>("--sabotage") { Description = "Plant a fault and see it found: " + string.Join(", ", SabotageList.Names) };
        var replay = new Option<string?>("--replay") { Description = "Do one case again, told step by step" };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON" };
        var command = new Command("simulate", """
            Search for a way to brick a device, in a simulation of this software.

            The boot loader's and the agent's own code runs on a simulated disk. Its power is cut at
            every operation, and the disk then keeps, loses, tears and reorders what was not flushed.

            After each cut the device must run a whole firmware, have all files of its user, say truly
            what happened, and take the next update.

            Exit codes: 0 nothing found, 1 a promise was broken (with a line to see it again).

            Examples:
              meerkat simulate
              meerkat simulate --cuts 2 --minutes 60
              meerkat simulate --sabotage no-file-flush
              meerkat simulate --replay 175:but3
            """)
        {
            cuts, seed, lives, minutes, sabotage, replay, json,
        };
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(cuts) is < 0 or > 2)
            {
                parsed.AddError($"--cuts must be 0, 1 or 2, not {parsed.GetValue(cuts)}.");
            }
            if (parsed.GetValue(lives) < 0 || parsed.GetValue(seed) < 0 || parsed.GetValue(minutes) is <= 0)
            {
                parsed.AddError("--lives and --seed must be 0 or more, --minutes more than 0.");
            }
            if (parsed.GetValue(sabotage) is { } name && !SabotageList.Names.Contains(name))
            {
                parsed.AddError($"there is no sabotage \"{name}\"; there are {string.Join(", ", SabotageList.Names)}.");
            }
        });
        command.SetAction((parsed, cancellationToken) => Task.FromResult(parsed.GetValue(replay) is { } path
            ? Again(path, parsed.GetValue(sabotage))
            : Search(
                new SimulationOptions
                {
                    Cuts = parsed.GetValue(cuts),
                    Seed = parsed.GetValue(seed),
                    Lives = parsed.GetValue(lives),
                    Limit = parsed.GetValue(minutes) is { } limit ? TimeSpan.FromMinutes(limit) : null,
                    Sabotage = parsed.GetValue(sabotage),
                },
                parsed.GetValue(json),
                cancellationToken)));
        return command;
    }

    private static int Again(string path, string? sabotage)
    {
        try
        {
            if (Replay.Run(path, sabotage, Console.Out.WriteLine) is not { } found)
            {
                Console.Out.WriteLine("no promise was broken");
                return ExitCode.Done;
            }
            Console.Out.WriteLine($"violation: {found.Text}");
            return ExitCode.Error;
        }
        catch (FormatException wrong)
        {
            throw new ToolException($"--replay: {wrong.Message}", ExitCode.Usage);
        }
    }

    private static int Search(SimulationOptions options, bool json, CancellationToken cancellationToken)
    {
        var result = Console.IsErrorRedirected
            ? new Simulation(options).Run(cancellationToken)
            : WithBar(options, cancellationToken);
        if (json)
        {
            Console.Out.WriteLine(RpcJson.ToPretty(ToJson(result, options)));
        }
        else
        {
            Show(result, options);
        }
        return result.Violations.Count == 0 ? ExitCode.Done : ExitCode.Error;
    }

    private static SimulationResult WithBar(SimulationOptions options, CancellationToken cancellationToken)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn(), new SpinnerColumn())
            .Start(context =>
            {
                var gate = new Lock();
                ProgressTask? task = null;
                return new Simulation(options)
                {
                    Progress = now =>
                    {
                        lock (gate)
                        {
                            if (task?.Description != now.Phase)
                            {
                                task?.StopTask();
                                task = context.AddTask(now.Phase);
                            }
                            task.IsIndeterminate = now.Of == 0;
                            task.MaxValue = Math.Max(1, now.Of);
                            task.Value = now.Done;
                        }
                    },
                }.Run(cancellationToken);
            });
    }

    private static void Show(SimulationResult result, SimulationOptions options)
    {
        var table = new Table().Border(TableBorder.Simple).HideHeaders().AddColumns("what", "count");
        table.Columns[1].RightAligned();
        void Row(string what, long count) => table.AddRow(what, count.ToString("N0", CultureInfo.InvariantCulture));
        if (options.Cuts > 0)
        {
            Row("storage operations in the life", result.Operations);
            Row("cuts, in all their outcomes", result.Cuts);
            Row("second cuts, during recoveries", result.Pairs);
            Row("different states recovered from", result.States);
            Row("of them a second", (long)(result.States / Math.Max(0.001, result.CutTime.TotalSeconds)));
        }
        Row("random lives", result.Lives);
        Row("cuts in them", result.LifeCuts);
        Row("updates in them", result.LifeUpdates);
        Row("seconds", (long)result.Time.TotalSeconds);
        Row("violations", result.Violations.Count);
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) }).Write(table);
        foreach (var found in result.Violations.Take(MostShown))
        {
            Console.Out.WriteLine($"violation: {found.Text}");
            Console.Out.WriteLine($"  {found.Where}");
            Console.Out.WriteLine($"  see it again: {ReplayLine(found, options)}");
        }
        if (result.Violations.Count > MostShown)
        {
            Console.Out.WriteLine($"and {result.Violations.Count - MostShown} more");
        }
    }

    private static string ReplayLine(Violation found, SimulationOptions options) =>
        $"meerkat simulate --replay {(found.Path.Length == 0 ? "\"\"" : found.Path)}{(options.Sabotage is { } name ? $" --sabotage {name}" : "")}";

    private static JsonObject ToJson(SimulationResult result, SimulationOptions options) => new()
    {
        ["operations"] = result.Operations,
        ["cuts"] = result.Cuts,
        ["pairs"] = result.Pairs,
        ["states"] = result.States,
        ["cut_seconds"] = Math.Round(result.CutTime.TotalSeconds, 1),
        ["lives"] = result.Lives,
        ["life_cuts"] = result.LifeCuts,
        ["life_updates"] = result.LifeUpdates,
        ["seconds"] = Math.Round(result.Time.TotalSeconds, 1),
        ["violations"] = new JsonArray(
        [
            .. result.Violations.Select(found => new JsonObject
            {
                ["text"] = found.Text,
                ["where"] = found.Where,
                ["replay"] = ReplayLine(found, options),
            }),
        ]),
    };
}
