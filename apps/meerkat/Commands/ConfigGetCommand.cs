using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

internal static class ConfigGetCommand
{
    public static Command Create()
    {
        var key = new Argument<string?>("KEY")
        {
            Description = "One setting or group, dotted; all settings when left out",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var json = new Option<bool>("--json") { Description = "Print a text as JSON too, in quotes" };
        var level = ConfigCommand.LevelOption("Print what the files up to this level give, 0 to 8; without it, the settings in force", 0);
        var command = new Command("get", """
            Print the settings in force: a group as JSON, one value as it is.

            Examples:
              meerkat config get --port http://192.168.1.50
              meerkat config get update.commit_timeout --port http://192.168.1.50
              meerkat config get --level 5 --port http://192.168.1.50
            """)
        {
            key,
            level,
            json,
        };
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            var arguments = ConfigCommand.Wanted(parsed.GetValue(key), parsed.GetValue(level));
            var result = await device.CallAsync("Config.Get", arguments, cancellationToken);
            var plain = !parsed.GetValue(json) && result is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
            Console.Out.WriteLine(plain ?? RpcJson.ToPretty(result));
            return ExitCode.Done;
        });
        return command;
    }
}
