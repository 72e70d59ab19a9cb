using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Devices;
using Meerkat.Tool.Output;

namespace Meerkat.Tool.Commands;

internal static class ConfigCheckCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print what Config.Problems answers" };
        var command = new Command("check", """
            Say which configuration files and settings of a device do not count, and why.

            A device starts all the same: it leaves out what it cannot use.

            Exit codes: 0 nothing is wrong (what conf_acl denies is no error), 1 something is.

            Examples:
              meerkat config check --port http://192.168.1.50
              meerkat config check --json --port http://192.168.1.50 | jq -r '.[].file'
            """)
        {
            json,
        };
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            var answer = await device.CallAsync("Config.Problems", null, cancellationToken) as JsonArray
                ?? throw new ToolException("the device answered Config.Problems without a list");
            var problems = answer.OfType<JsonObject>().ToList();
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(RpcJson.ToPretty(answer));
            }
            else if (problems.Count == 0)
            {
                Console.Out.WriteLine("every configuration file counts");
            }
            else
            {
                PlainTable.Write(
                    ["file", "kind", "what is left out"],
                    problems.Select(problem => (string[])[Text(problem, "file"), Text(problem, "kind"), Text(problem, "text")]));
            }
            return problems.TrueForAll(problem => Text(problem, "kind") == "denied") ? ExitCode.Done : ExitCode.Error;
        });
        return command;
    }

    private static string Text(JsonObject problem, string name) => problem[name].Word ?? "";
}
