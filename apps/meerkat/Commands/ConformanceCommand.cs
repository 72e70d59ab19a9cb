using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Conformance;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

internal static class ConformanceCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "One JSON array on stdout" };
        var readOnly = new Option<bool>("--read-only") { Description = "Leave out what writes a file of its own or begins an update" };
        var command = new Command("conformance", """
            Try whether a device, of any make, speaks as Mongoose OS does: requirement, section, result.

            What it runs is not changed. One file of its own is written and removed again, and an update is
            begun and broken off before anything of it is whole.

            Exit codes: 0 every requirement that was tried holds, 1 one does not, 2 wrong usage.

            Examples:
              meerkat conformance --port http://192.168.1.50
              meerkat conformance --port tcp://192.168.1.50:5000 --read-only
              meerkat conformance --port ws://192.168.1.50 --json
            """);
        command.Options.Add(readOnly);
        command.Options.Add(json);
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var device = options.OpenForTrial(parsed);
            var asJson = parsed.GetValue(json);
            var findings = await ConformanceRun.RunAsync(device, parsed.GetValue(readOnly), Tell, cancellationToken);
            if (asJson)
            {
                Console.Out.WriteLine(RpcJson.ToPretty(new JsonArray([.. findings.Select(finding => (JsonNode)Json(finding))])));
            }
            else
            {
                Show(findings);
            }
            return findings.Any(finding => finding.Result == FindingResult.Failed) ? ExitCode.Error : ExitCode.Done;
        });
        return command;
    }

    /// <summary>One line a requirement, for whoever waits.</summary>
    private static void Tell(ConformanceFinding finding)
    {
        if (finding.Result == FindingResult.Failed)
        {
            Console.Error.WriteLine($"{finding.Requirement.Section} {finding.Requirement.Text}: {finding.Detail}");
        }
    }

    private static JsonObject Json(ConformanceFinding finding) => new()
    {
        ["section"] = finding.Requirement.Section,
        ["requirement"] = finding.Requirement.Text,
        ["result"] = Word(finding),
        ["detail"] = finding.Detail.Length > 0 ? finding.Detail : null,
    };

    private static string Word(ConformanceFinding finding) => finding.Result switch
    {
        FindingResult.Passed => "passed",
        FindingResult.Failed => "failed",
        FindingResult.Skipped => "skipped",
    };

    private static void Show(IReadOnlyList<ConformanceFinding> findings)
    {
        foreach (var finding in findings)
        {
            Console.Out.WriteLine(
                $"{finding.Requirement.Section,-5} {Word(finding),-8} {finding.Requirement.Text}{(finding.Detail.Length > 0 ? $" ({finding.Detail})" : "")}");
        }
        var (passed, failed, skipped) = (Count(FindingResult.Passed), Count(FindingResult.Failed), Count(FindingResult.Skipped));
        Console.Out.WriteLine($"{passed} hold, {failed} do not, {skipped} not tried");

        int Count(FindingResult result) => findings.Count(finding => finding.Result == result);
    }
}
