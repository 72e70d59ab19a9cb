using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Tool.Devices;
using Meerkat.Tool.Updates;

namespace Meerkat.Tool.Commands;

internal static class ActivateCommand
{
    private const string Method = "OTA.Activate";

    public static Command Create()
    {
        var command = new Command("activate", """
            Start an update that was installed with --no-activate: the device restarts into its trial.

            Exit codes: 0 the new firmware runs (and is committed with --commit), 1 error, 2 wrong usage,
            3 the device fell back.

            Examples:
              meerkat activate --commit --port http://192.168.1.50
              meerkat activate --commit-timeout 300 --port http://192.168.1.50
            """);
        var following = new TrialFollowing(command, "End when the device has begun to restart");
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            var before = await StatusBefore.ReadAsync(device, cancellationToken);
            var arguments = following.CommitTimeout(parsed) is { } seconds ? new JsonObject { ["commit_timeout"] = seconds } : null;
            var answer = await CallAsync(device, arguments, cancellationToken);
            return await following.FollowAsync(device, before, answer, parsed, cancellationToken);
        });
        return command;
    }

    private static async Task<string> CallAsync(RemoteDevice device, JsonObject? arguments, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await device.CallAsync(Method, arguments, cancellationToken) as JsonObject;
            return answer?["message"].Word ?? "activated, the device restarts";
        }
        catch (ToolException e) when (e.IsUnknownMethod)
        {
            throw new ToolException($"this device holds no updates back: it has no {Method}");
        }
    }
}
