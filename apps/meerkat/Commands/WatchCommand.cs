using System.CommandLine;
using System.Globalization;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Devices;
using Meerkat.Tool.Output;
using Meerkat.Tool.Watching;
using Spectre.Console;

namespace Meerkat.Tool.Commands;

internal sealed class WatchCommand
{
    private static readonly TimeSpan DefaultWait = TimeSpan.FromMinutes(10);

    private readonly Option<string?> until = new("--until")
    {
        Description = "End when the device is there: committed (nothing under way), or a phase: idle, receiving, writing, verifying, "
            + "held, armed, trial, recovery",
        HelpName = "PHASE",
    };

    private readonly Option<TimeSpan?> wait = new("--wait")
    {
        Description = "How long --until may take. Default: 10m",
        HelpName = "TIME",
        CustomParser = DurationText.Parse,
    };

    private readonly Option<bool> json = new("--json") { Description = "Print every change as one JSON object in a line" };

    public static Command Create() => new WatchCommand().Build();

    private Command Build()
    {
        until.AcceptOnlyFromAmong([.. WatchGoal.Words]);
        var command = new Command("watch", """
            Show a device's state as it changes: an update's progress, restarts, the deadline, fall backs.

            Redrawn in place on a terminal, one line for each change elsewhere. Goes on through restarts
            until Ctrl-C, or until --until is reached.

            Exit codes: 0 ended by Ctrl-C or by reaching --until, 1 error (--until was not reached in time,
            or the update failed), 2 wrong usage, 3 the device fell back while --until was waited for.

            Examples:
              meerkat watch --port http://192.168.1.50
              meerkat watch --until trial --wait 2m --port http://192.168.1.50
              meerkat watch --json --port http://192.168.1.50 | grep '"fell_back"'
            """)
        {
            until,
            wait,
            json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(wait) is not null && result.GetValue(until) is null)
            {
                result.AddError("--wait limits --until, which is missing.");
            }
        });
        var options = new DeviceOptions(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, options, cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, DeviceOptions options, CancellationToken cancellationToken)
    {
        using var device = options.Open(parsed);
        var goal = parsed.GetValue(until) is { } word ? new WatchGoal(word) : null;
        var limit = parsed.GetValue(wait) ?? DefaultWait;
        using var deadline = new CancellationTokenSource(goal is null ? Timeout.InfiniteTimeSpan : limit);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var watch = new Watch(device);
        try
        {
            return !parsed.GetValue(json) && !Console.IsOutputRedirected
                ? await OnScreenAsync(watch, goal, device.Address, either.Token)
                : await InLinesAsync(watch, goal, parsed.GetValue(json), either.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return goal is null ? ExitCode.Done : throw new ToolException($"interrupted before the device was {goal.Word}");
        }
        catch (OperationCanceledException)
        {
            throw new ToolException(string.Create(
                CultureInfo.InvariantCulture, $"the device was not {goal!.Word} within {limit.TotalSeconds:0.#} s"));
        }
    }

    private static Task<int> OnScreenAsync(Watch watch, WatchGoal? goal, DeviceAddress address, CancellationToken cancellationToken)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        return WatchScreen.RunAsync(console, address.ToString(), screen => watch.RunAsync(goal, screen.Show, cancellationToken));
    }

    private static async Task<int> InLinesAsync(Watch watch, WatchGoal? goal, bool json, CancellationToken cancellationToken)
    {
        await using var output = StandardOutput.OpenText();
        try
        {
            return await watch.RunAsync(goal, (_, changes) => Print(output, changes, json), cancellationToken);
        }
        catch (IOException) when (goal is null)
        {
            // Nobody reads any more, as in "… | head".
            return ExitCode.Done;
        }
    }

    private static void Print(StreamWriter output, IReadOnlyList<DeviceChange> changes, bool json)
    {
        foreach (var change in changes)
        {
            output.WriteLine(json
                ? System.Text.Encoding.UTF8.GetString(RpcJson.ToUtf8(change.ToJson()))
                : string.Create(CultureInfo.InvariantCulture, $"{change.Time.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} {change.Text}"));
        }
    }
}
