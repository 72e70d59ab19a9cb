using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Devices;
using Meerkat.Tool.Output;

namespace Meerkat.Tool.Commands;

internal static class ConfigListCommand
{
    public static Command Create()
    {
        var prefix = new Argument<string?>("PREFIX")
        {
            Description = "A group of settings, or one of them; all when left out",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var json = new Option<bool>("--json") { Description = "Print the list as JSON" };
        var command = new Command("list", """
            List settings: type and range, value, default, the level and file that set it.

            A firmware's bundle has the types of its settings in conf_schema.json.

            Of a setting without a type only the value is shown.

            Examples:
              meerkat config list --port http://192.168.1.50
              meerkat config list update --port http://192.168.1.50
              meerkat config list --json --port http://192.168.1.50 | jq -r '.[] | select(.level == 9) | .key'
            """)
        {
            prefix,
            json,
        };
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            var key = parsed.GetValue(prefix) ?? "";
            var settings = await ReadAsync(device, key, cancellationToken);
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(RpcJson.ToPretty(new JsonArray([.. settings.Select(setting => setting.Json.DeepClone())])));
            }
            else
            {
                PlainTable.Write(
                    ["key", "type", "value", "default", "set by", "meaning"],
                    settings.Select(setting => (string[])
                        [setting.Key, setting.Type, setting.Value, setting.Default, setting.SetBy, setting.Title]));
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<IReadOnlyList<ListedSetting>> ReadAsync(RemoteDevice device, string key, CancellationToken cancellationToken)
    {
        JsonObject? arguments = key.Length > 0 ? new JsonObject { ["key"] = key } : null;
        var values = await device.CallAsync("Config.Get", arguments?.DeepClone(), cancellationToken);
        return ListedSetting.All(await KnownAsync(device, arguments, cancellationToken), values, key);
    }

    /// <summary>None from a device that has no such method, or that knows nothing of this key but its value.</summary>
    private static async Task<JsonArray?> KnownAsync(RemoteDevice device, JsonObject? arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await device.CallAsync("Config.Schema", arguments, cancellationToken) as JsonArray;
        }
        catch (ToolException fault) when (fault.Remote is { Code: (int)RpcErrorCode.NotFound })
        {
            return null;
        }
    }
}
