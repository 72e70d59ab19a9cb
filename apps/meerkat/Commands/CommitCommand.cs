using System.CommandLine;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

internal static class CommitCommand
{
    public static Command Create()
    {
        var command = new Command("commit", """
            Mark the firmware that runs as good, for ever.

            Without it a trial with a commit timeout ends in a fall back.

            Examples:
              meerkat commit --port http://192.168.1.50
            """);
        var answer = new ShortAnswer(command);
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            await device.CallAsync("OTA.Commit", null, cancellationToken);
            answer.Print(parsed, "committed", "committed");
            return ExitCode.Done;
        });
        return command;
    }
}
