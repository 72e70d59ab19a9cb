using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

internal static class RebootCommand
{
    public static Command Create()
    {
        var force = new Option<bool>("--force") { Description = "Restart even in a trial, which undoes the update" };
        var command = new Command("reboot", """
            Restart the device's firmware.

            Refused in a trial, because the restart would undo the update: commit or revert first.

            Examples:
              meerkat reboot --port http://192.168.1.50
            """)
        {
            force,
        };
        var answer = new ShortAnswer(command);
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            await device.CallAsync("Sys.Reboot", parsed.GetValue(force) ? new JsonObject { ["force"] = true } : null, cancellationToken);
            answer.Print(parsed, "restarting", "the device restarts");
            return ExitCode.Done;
        });
        return command;
    }
}
