using System.CommandLine;
using Meerkat.Tool.Devices;
using Meerkat.Tool.Logs;
using Meerkat.Tool.Output;

namespace Meerkat.Tool.Commands;

internal static class LogCommand
{
    private const string Firmware = "firmware";
    private const int MostLines = 100_000;
    private const int UsualLines = 100;

    public static Command Create()
    {
        var source = new Option<string?>("--source")
        {
            Description = "firmware: what it prints; agent, boot: the device's own programs; last: the last words of the firmware that "
                + "was given up last. Default: firmware",
            HelpName = "SOURCE",
        };
        source.AcceptOnlyFromAmong(Firmware, "agent", "boot", "last");
        var lines = new Option<int?>("--lines", "-n")
        {
            Description = $"How many lines, up to {MostLines}. Default: {UsualLines}",
            HelpName = "N",
        };
        lines.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 0 or > MostLines)
            {
                result.AddError($"--lines must be from 0 to {MostLines}.");
            }
        });
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what comes, through restarts, until Ctrl-C" };
        var slot = new Option<int?>("--slot") { Description = "Whose firmware, 0 or 1. Default: the one that runs", HelpName = "N" };
        slot.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is not (null or 0 or 1))
            {
                result.AddError("--slot must be 0 or 1.");
            }
        });
        var command = new Command("log", """
            Print what the firmware, the agent or the boot loader of a device has printed.

            With --follow nothing is missed and nothing printed twice when the device restarts or a log is
            rotated; when the device changes to its other slot, that firmware's output comes next.

            Examples:
              meerkat log --port http://192.168.1.50
              meerkat log --source boot -n 20 -f --port http://192.168.1.50
              meerkat log --source last --port http://192.168.1.50
            """)
        {
            source,
            lines,
            follow,
            slot,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(slot) is not null && result.GetValue(source) is not (null or Firmware))
            {
                result.AddError("--slot belongs to --source firmware.");
            }
        });
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            await using var output = StandardOutput.OpenText();
            var reading = new LogReading(device, parsed.GetValue(source) ?? Firmware, parsed.GetValue(slot), output);
            await reading.PrintLastAsync(parsed.GetValue(lines) ?? UsualLines, parsed.GetValue(follow), cancellationToken);
            if (parsed.GetValue(follow))
            {
                await EndlessAsync(() => reading.FollowAsync(cancellationToken), cancellationToken);
            }
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Ctrl-C is how following ends, and so is a reader who has seen enough.</summary>
    private static async Task EndlessAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (IOException)
        {
        }
    }
}
