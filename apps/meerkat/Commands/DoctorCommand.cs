using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Doctor;
using Spectre.Console;

namespace Meerkat.Tool.Commands;

internal static class DoctorCommand
{
    private const string UsualRoot = "/var/lib/meerkat";
    private const string RootVariable = "MEERKAT_ROOT";
    private const string DefaultsFile = "/etc/default/meerkat";

    /// <summary>Wide enough that nothing is broken into lines where no terminal says how wide it is.</summary>
    private const int PlainWidth = 400;

    public static Command Create()
    {
        var root = new Argument<string>("ROOT")
        {
            Description = $"The device's directory. Default: {RootVariable}, also from {DefaultsFile}, else {UsualRoot}",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = _ => DefaultRoot(),
        };
        var json = new Option<bool>("--json") { Description = "Print the findings as JSON" };
        var command = new Command("doctor", """
            Say what is wrong with a device on this machine, and what to do.

            Looks at rights, programs, record, slots, space, clock, watchdogs, settings, network, kernel.

            Changes nothing and needs no root; what only root can see is said.

            Exit codes: 0 no problem (there may be warnings), 1 a problem.

            Examples:
              sudo meerkat doctor
              meerkat doctor /srv/kiosk
              meerkat doctor --json | jq '.findings[] | select(.state == "problem")'
            """)
        {
            root,
            json,
        };
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(root);
            var findings = Installation.Examine(path).ToList();
            var healthy = findings.TrueForAll(finding => finding.State != FindingState.Problem);
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(RpcJson.ToPretty(ToJson(path, healthy, findings)));
            }
            else
            {
                Show(findings);
            }
            return healthy ? ExitCode.Done : ExitCode.Error;
        });
        return command;
    }

    private static string DefaultRoot() => Environment.GetEnvironmentVariable(RootVariable) is { Length: > 0 } named
        ? named
        : (File.Exists(DefaultsFile) ? File.ReadLines(DefaultsFile) : [])
            .Where(line => line.StartsWith(RootVariable + "=", StringComparison.Ordinal))
            .Select(line => line[(RootVariable.Length + 1)..].Trim('"', ' '))
            .LastOrDefault() ?? UsualRoot;

    private static void Show(List<Finding> findings)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = PlainWidth;
        }
        var table = new Table().Border(TableBorder.Simple).AddColumns("check", "state", "found", "what to do");
        foreach (var finding in findings)
        {
            var colour = finding.State switch
            {
                FindingState.Problem => Color.Red,
                FindingState.Warning => Color.Yellow,
                _ => Color.Default,
            };
            table.AddRow(
                new Text(finding.Check), new Text(Word(finding.State), new Style(colour)), new Text(finding.Text), new Text(finding.Advice));
        }
        console.Write(table);
    }

    private static JsonObject ToJson(string root, bool healthy, List<Finding> findings) => new()
    {
        ["root"] = Path.GetFullPath(root),
        ["healthy"] = healthy,
        ["findings"] = new JsonArray(
        [
            .. findings.Select(finding => new JsonObject
            {
                ["check"] = finding.Check,
                ["state"] = Word(finding.State),
                ["text"] = finding.Text,
                ["advice"] = finding.Advice,
            }),
        ]),
    };

    private static string Word(FindingState state) => state == FindingState.NotSeen ? "not seen" : state.ToString().ToLowerInvariant();
}
