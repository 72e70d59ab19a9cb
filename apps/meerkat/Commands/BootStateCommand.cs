using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

internal static class BootStateCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print what OTA.GetBootState answers" };
        var command = new Command("boot-state", """
            Show what the next boot of a device does, or change it.

            Examples:
              meerkat boot-state --port http://192.168.1.50
              meerkat boot-state --json --port http://192.168.1.50
              meerkat boot-state set --active 1 --port http://192.168.1.50
            """)
        {
            BootStateSetCommand.Create(),
            json,
        };
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            Show(await ReadAsync(device, cancellationToken), parsed.GetValue(json));
            return ExitCode.Done;
        });
        return command;
    }

    public static async Task<JsonObject> ReadAsync(RemoteDevice device, CancellationToken cancellationToken)
    {
        const string method = "OTA.GetBootState";
        try
        {
            return await device.CallAsync(method, null, cancellationToken) as JsonObject
                ?? throw new ToolException($"the device answered {method} without a state");
        }
        catch (ToolException e) when (e.IsUnknownMethod)
        {
            throw new ToolException($"this device does not tell its boot state: it has no {method}");
        }
    }

    public static void Show(JsonObject state, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(RpcJson.ToPretty(state));
            return;
        }
        Row("active slot", Number(state["active_slot"]));
        Row("fallback slot", state["revert_slot"].Number is < 0 or null ? "none" : Number(state["revert_slot"]));
        Row("committed", state["is_committed"].Flag switch
        {
            true => "yes",
            false => "no",
            null => "unknown",
        });
        Row("commit timeout", state["commit_timeout"].Number is > 0 ? Number(state["commit_timeout"]) + " s" : "none");
        if (state["held_slot"].Number is >= 0)
        {
            Row("held update", $"in slot {Number(state["held_slot"])}, with that commit timeout");
        }
        if (state["reason"].Word is { Length: > 0 } reason)
        {
            Row("last fall back", reason);
        }
    }

    private static void Row(string name, string value) => Console.Out.WriteLine($"{name,-17}{value}");

    private static string Number(JsonNode? node) => node.Number?.ToString("0", CultureInfo.InvariantCulture) ?? "unknown";
}
