using System.CommandLine;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Core.Settings;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Commands;

internal static class ConfigSetCommand
{
    public static Command Create()
    {
        var assignments = new Argument<string[]>("KEY=VALUE")
        {
            Description = "Settings to change; a value has the type the setting has now, a new key's value is JSON or text",
            Arity = ArgumentArity.OneOrMore,
        };
        var noSave = new Option<bool>("--no-save") { Description = "In force until the next restart only" };
        var reboot = new Option<bool>("--reboot") { Description = "Restart afterwards. Never in a trial: a restart undoes the update" };
        var noReboot = new Option<bool>("--no-reboot") { Description = "The default; accepted because \"mos\" has it" };
        var command = new Command("set", """
            Change settings of a device and save them.

            The device is not restarted unless asked, because a restart in a trial would undo the update.

            Examples:
              meerkat config set update.commit_timeout=300 --port http://192.168.1.50
              meerkat config set app.target=21.5 'app.name=living room' --port http://192.168.1.50
              meerkat config set debug.level=3 --no-save --port http://192.168.1.50
            """)
        {
            assignments,
            noSave,
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
            using var device = options.Open(parsed);
            await RunAsync(device, parsed.GetRequiredValue(assignments), !parsed.GetValue(noSave), cancellationToken);
            if (parsed.GetValue(reboot))
            {
                await device.CallAsync("Sys.Reboot", null, cancellationToken);
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task RunAsync(RemoteDevice device, string[] assignments, bool save, CancellationToken cancellationToken)
    {
        var before = await ReadAsync(device, cancellationToken);
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
        var arguments = new JsonObject { ["config"] = change, ["save"] = save, ["reboot"] = false };
        var answer = await device.CallAsync("Config.Set", arguments, cancellationToken);
        if (save && answer is JsonObject told && told["saved"] is JsonValue saved && saved.TryGetValue<bool>(out var done) && !done)
        {
            // Older firmware sets and saves in two steps.
            await device.CallAsync("Config.Save", null, cancellationToken);
        }
        await ConfirmAsync(device, wanted, save, cancellationToken);
    }

    /// <summary>A device skips keys its access list forbids without a word, so what it has now is read back.</summary>
    private static async Task ConfirmAsync(
        RemoteDevice device, List<SettingAssignment.Parsed> wanted, bool save, CancellationToken cancellationToken)
    {
        var after = await ReadAsync(device, cancellationToken);
        var kept = wanted
            .Where(w => !ConfigPath.TryGet(after, w.Key, out var value) || !JsonNode.DeepEquals(value, w.Value))
            .Select(w => w.Key)
            .ToList();
        if (kept.Count > 0)
        {
            throw new ToolException($"the device did not take {string.Join(", ", kept)}; its access list (conf_acl) may forbid it");
        }
        foreach (var setting in wanted)
        {
            Console.Out.WriteLine($"{setting.Key} = {RpcJson.ToPretty(setting.Value)}{(save ? "" : " (not saved)")}");
        }
    }

    private static async Task<JsonObject> ReadAsync(RemoteDevice device, CancellationToken cancellationToken) =>
        await device.CallAsync("Config.Get", null, cancellationToken) as JsonObject
            ?? throw new ToolException("the device answered Config.Get without a configuration");
}
