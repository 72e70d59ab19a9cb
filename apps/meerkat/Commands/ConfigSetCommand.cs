using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Core.Settings;
using Meerkat.Rpc;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

internal static class ConfigSetCommand
{
    private const int Attempts = 3;

    public static Command Create()
    {
        var assignments = new Argument<string[]>("KEY=VALUE")
        {
            Description = "Settings to change; a value has the type the setting has now, a new key's value is JSON or text",
            Arity = ArgumentArity.OneOrMore,
        };
        var noSave = new Option<bool>("--no-save") { Description = "In force until the next restart only" };
        var reboot = new Option<bool>("--reboot") { Description = "Restart afterwards. Never in a trial: a restart undoes the update" };
        var level = ConfigCommand.LevelOption("Change a vendor's level, 1 to 8, from the next restart; without it, the settings in force", 1);
        var tryOnce = new Option<bool>("--try-once") { Description = "Save for the next start only; the start after it has the old settings again" };
        var noReboot = new Option<bool>("--no-reboot") { Description = "The default; accepted because \"mos\" has it" };
        var command = new Command("set", """
            Change settings of a device and save them.

            The device is not restarted unless asked, because a restart in a trial would undo the update.

            Examples:
              meerkat config set update.commit_timeout=300 --port http://192.168.1.50
              meerkat config set app.target=21.5 'app.name=living room' --port http://192.168.1.50
              meerkat config set debug.level=3 --no-save --port http://192.168.1.50
              meerkat config set http.listen_addr=:8080 --try-once --reboot --port http://192.168.1.50
              meerkat config set app.target=20 --level 5 --port http://192.168.1.50
            """)
        {
            assignments,
            level,
            noSave,
            tryOnce,
            reboot,
            noReboot,
        };
        var options = new DeviceOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(reboot) && (parsed.GetValue(noReboot) || parsed.GetValue(noSave)))
            {
                throw new ToolException("--reboot excludes --no-reboot and --no-save", ExitCode.Usage);
            }
            if (parsed.GetValue(noSave) && (parsed.GetValue(tryOnce) || parsed.GetValue(level) is < ConfigLayer.User))
            {
                throw new ToolException("--no-save excludes --try-once and --level: what is not saved there changes nothing", ExitCode.Usage);
            }
            using var device = options.Open(parsed);
            // Level 9 is where the settings in force are saved.
            var how = new Saving(parsed.GetValue(level) is { } vendors and < ConfigLayer.User ? vendors : null, !parsed.GetValue(noSave), parsed.GetValue(tryOnce));
            await RunAsync(device, parsed.GetRequiredValue(assignments), how, cancellationToken);
            if (parsed.GetValue(reboot))
            {
                await device.CallAsync("Sys.Reboot", null, cancellationToken);
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task RunAsync(RemoteDevice device, string[] assignments, Saving how, CancellationToken cancellationToken)
    {
        var before = await ReadAsync(device, how, cancellationToken);
        var change = new JsonObject();
        var wanted = new List<SettingAssignment.Parsed>();
        foreach (var text in assignments)
        {
            switch (SettingAssignment.Parse(text, before))
            {
                case SettingAssignment.Parsed parsed when ConfigPath.TrySet(change, parsed.Key, parsed.Value?.DeepClone()):
                    wanted.Add(parsed);
                    break;
                case SettingAssignment.Parsed parsed:
                    throw new ToolException($"{parsed.Key} lies below a value set in the same command", ExitCode.Usage);
                case SettingAssignment.Rejected(var reason):
                    throw new ToolException(reason, ExitCode.Usage);
            }
        }
        var answer = await CallAgainAsync(device, "Config.Set", how.Arguments(change), cancellationToken);
        if (how.Save && answer is JsonObject told && told["saved"] is JsonValue saved && saved.TryGetValue<bool>(out var done) && !done)
        {
            // Older firmware sets and saves in two steps.
            await CallAgainAsync(device, "Config.Save", how.IsOnce ? new JsonObject { ["try_once"] = true } : null, cancellationToken);
        }
        await ConfirmAsync(device, wanted, how, cancellationToken);
    }

    /// <summary>Whoever sets the same once more changes nothing, so a lost answer is no reason to give up.</summary>
    private static async Task<JsonNode?> CallAgainAsync(
        RemoteDevice device, string method, JsonObject? arguments, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await device.CallAsync(method, arguments?.DeepClone(), cancellationToken);
            }
            catch (RpcTransportException fault) when (attempt < Attempts)
            {
                Console.Error.WriteLine($"{fault.Message}; tried again");
            }
        }
    }

    /// <summary>A device skips keys its access list forbids without a word, so what it has now is read back.</summary>
    private static async Task ConfirmAsync(
        RemoteDevice device, List<SettingAssignment.Parsed> wanted, Saving how, CancellationToken cancellationToken)
    {
        // What a level has for one start only cannot be read back.
        var after = how is { IsOnce: true, Level: not null } ? null : await ReadAsync(device, how, cancellationToken);
        var kept = wanted
            .Where(w => after is not null && (!ConfigPath.TryGet(after, w.Key, out var value) || !JsonNode.DeepEquals(value, w.Value)))
            .Select(w => w.Key)
            .ToList();
        if (kept.Count > 0)
        {
            throw new ToolException($"the device did not take {string.Join(", ", kept)}; its access list (conf_acl) may forbid it");
        }
        foreach (var setting in wanted)
        {
            Console.Out.WriteLine($"{setting.Key} = {RpcJson.ToPretty(setting.Value)}{how.Remark}");
        }
    }

    private static async Task<JsonObject> ReadAsync(RemoteDevice device, Saving how, CancellationToken cancellationToken) =>
        await device.CallAsync("Config.Get", ConfigCommand.Wanted(null, how.Level), cancellationToken) as JsonObject
            ?? throw new ToolException("the device answered Config.Get without a configuration");

    /// <summary>Where and for how long a change is saved.</summary>
    /// <param name="Level">A vendor's level; none: the settings in force.</param>
    /// <param name="Save">Whether it is.</param>
    /// <param name="IsOnce">For the next start only.</param>
    private sealed record Saving(int? Level, bool Save, bool IsOnce)
    {
        public string Remark => (Level, Save, IsOnce) switch
        {
            (_, false, _) => " (not saved)",
            (null, _, true) => " (saved for the next start only)",
            ({ } level, _, true) => $" (in level {level}, for the next start only)",
            ({ } level, _, false) => $" (in level {level}, from the next start)",
            _ => "",
        };

        public JsonObject Arguments(JsonObject change)
        {
            var arguments = new JsonObject { ["config"] = change, ["save"] = Save, ["reboot"] = false };
            if (Level is { } level)
            {
                arguments["level"] = level;
            }
            if (IsOnce)
            {
                arguments["try_once"] = true;
            }
            return arguments;
        }
    }
}
