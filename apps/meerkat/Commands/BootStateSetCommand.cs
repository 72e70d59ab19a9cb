using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

internal sealed class BootStateSetCommand
{
    private const string Method = "OTA.SetBootState";
    private const string None = "none";
    private const int MaxCommitTimeoutSeconds = 604800;

    private readonly Option<int?> active = new("--active") { Description = "The slot that the next boot starts", HelpName = "N" };
    private readonly Option<string?> fallback = new("--fallback")
    {
        Description = "The slot that a failed trial goes back to, or none",
        HelpName = "N|none",
    };

    private readonly Option<bool?> committed = new("--committed")
    {
        Description = "Whether the active slot is good for ever; false puts it on trial",
        HelpName = "true|false",
        Arity = ArgumentArity.ExactlyOne,
    };

    private readonly Option<int?> commitTimeout = new("--commit-timeout")
    {
        Description = "Seconds until a trial ends without a commit; 0: none",
        HelpName = "SECONDS",
    };

    private readonly Option<bool> json = new("--json") { Description = "Print the state afterwards as JSON" };

    public static Command Create() => new BootStateSetCommand().Build();

    private Command Build()
    {
        var command = new Command("set", """
            Change what the next boot of a device does.

            What is left out stays; the device is not restarted.

            Examples:
              meerkat boot-state set --active 1 --committed true --port http://192.168.1.50
              meerkat boot-state set --fallback none --port http://192.168.1.50
            """)
        {
            active,
            fallback,
            committed,
            commitTimeout,
            json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(active) is < 0)
            {
                result.AddError("--active must be the number of a slot.");
            }
            if (result.GetValue(fallback) is { } slot && slot != None && !int.TryParse(slot, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                result.AddError($"--fallback must be the number of a slot or {None}, found \"{slot}\".");
            }
            if (result.GetValue(commitTimeout) is < 0 or > MaxCommitTimeoutSeconds)
            {
                result.AddError($"--commit-timeout must be from 0 to {MaxCommitTimeoutSeconds} seconds.");
            }
            if (((Option[])[active, fallback, committed, commitTimeout]).All(option => result.GetResult(option) is null))
            {
                result.AddError("nothing to set: give --active, --fallback, --committed or --commit-timeout.");
            }
        });
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var device = options.Open(parsed);
            await SetAsync(device, Wishes(parsed), cancellationToken);
            BootStateCommand.Show(await BootStateCommand.ReadAsync(device, cancellationToken), parsed.GetValue(json));
            return ExitCode.Done;
        });
        return command;
    }

    private JsonObject Wishes(ParseResult parsed)
    {
        var wishes = new JsonObject();
        if (parsed.GetValue(active) is { } slot)
        {
            wishes["active_slot"] = slot;
        }
        if (parsed.GetValue(committed) is { } flag)
        {
            wishes["is_committed"] = flag;
        }
        if (parsed.GetValue(fallback) is { } back)
        {
            wishes["revert_slot"] = back == None ? -1 : int.Parse(back, CultureInfo.InvariantCulture);
        }
        if (parsed.GetValue(commitTimeout) is { } seconds)
        {
            wishes["commit_timeout"] = seconds;
        }
        return wishes;
    }

    private static async Task SetAsync(RemoteDevice device, JsonObject wishes, CancellationToken cancellationToken)
    {
        try
        {
            await device.CallAsync(Method, wishes, cancellationToken);
        }
        catch (ToolException e) when (e.IsUnknownMethod)
        {
            throw new ToolException($"this device's boot state cannot be changed: it has no {Method}");
        }
    }
}
