using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

internal static class SnapshotCommand
{
    private const string Method = "OTA.CreateSnapshot";
    private const int MaxCommitTimeoutSeconds = 604800;
    private static readonly TimeSpan CopyTimeout = TimeSpan.FromMinutes(10);

    public static Command Create()
    {
        var asFallback = new Option<bool>("--as-fallback")
        {
            Description = "Put the running firmware on trial against its copy: without a commit the device goes back to it",
        };
        var commitTimeout = new Option<int?>("--commit-timeout")
        {
            Description = "Seconds until that trial ends without a commit. Only with --as-fallback",
            HelpName = "SECONDS",
        };
        var json = new Option<bool>("--json") { Description = "Print the device's answer as JSON" };
        var command = new Command("snapshot", """
            Copy the running firmware, with its files, into the other slot, replacing what is there.

            With --as-fallback files and settings can be changed at no risk: whoever does not commit gets
            the state of the snapshot back.

            Examples:
              meerkat snapshot --port http://192.168.1.50
              meerkat snapshot --as-fallback --commit-timeout 600 --port http://192.168.1.50
            """)
        {
            asFallback,
            commitTimeout,
            json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(commitTimeout) is { } seconds)
            {
                if (seconds is < 0 or > MaxCommitTimeoutSeconds)
                {
                    result.AddError($"--commit-timeout must be from 0 to {MaxCommitTimeoutSeconds} seconds.");
                }
                else if (!result.GetValue(asFallback))
                {
                    result.AddError("--commit-timeout belongs to --as-fallback.");
                }
            }
        });
        var options = new DeviceOptions(command, "How long the copy may take. Default: 10m");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var arguments = new JsonObject();
            if (parsed.GetValue(asFallback))
            {
                arguments["set_as_revert"] = true;
            }
            if (parsed.GetValue(commitTimeout) is { } seconds)
            {
                arguments["commit_timeout"] = seconds;
            }
            using var device = options.Open(parsed);
            var answer = await CallAsync(device, arguments, options.Timeout(parsed) ?? CopyTimeout, cancellationToken);
            Console.Out.WriteLine(parsed.GetValue(json) ? RpcJson.ToPretty(answer) : InWords(answer, parsed.GetValue(asFallback)));
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<JsonNode?> CallAsync(
        RemoteDevice device, JsonObject arguments, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await device.CallAsync(Method, arguments, cancellationToken, timeout);
        }
        catch (ToolException e) when (e.IsUnknownMethod)
        {
            throw new ToolException($"this device makes no snapshots: it has no {Method}");
        }
    }

    private static string InWords(JsonNode? answer, bool asFallback)
    {
        var slot = answer?["slot"].Number is { } number ? string.Create(CultureInfo.InvariantCulture, $"slot {number:0}") : "the other slot";
        return asFallback ? $"copied to {slot}, which the device falls back to unless committed" : $"copied to {slot}";
    }
}
