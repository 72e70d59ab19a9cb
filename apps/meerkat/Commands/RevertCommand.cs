using System.CommandLine;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

internal static class RevertCommand
{
    public static Command Create()
    {
        var command = new Command("revert", """
            Give the trial up: the device restarts into the firmware it ran before.

            An update that waits for its activation or the restart is discarded instead.

            Refused when there is neither.

            Examples:
              meerkat revert --port http://192.168.1.50
            """);
        var answer = new ShortAnswer(command);
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            var before = await device.TryCallAsync("OTA.Status", cancellationToken);
            var restarts = before?["phase"]?.ToString() is null or "trial";
            await device.CallAsync("OTA.Revert", null, cancellationToken);
            answer.Print(parsed, "reverted", restarts ? "reverted, the device restarts" : "discarded, the firmware runs on");
            return ExitCode.Done;
        });
        return command;
    }
}
