using System.CommandLine;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

internal static class RevertCommand
{
    public static Command Create()
    {
        var command = new Command("revert", """
            Give the trial up: the device restarts into the firmware it ran before.

            Refused when nothing is in trial.

            Examples:
              meerkat revert --port http://192.168.1.50
            """);
        var answer = new ShortAnswer(command);
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            await device.CallAsync("OTA.Revert", null, cancellationToken);
            answer.Print(parsed, "reverted", "reverted, the device restarts");
            return ExitCode.Done;
        });
        return command;
    }
}
