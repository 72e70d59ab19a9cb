using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Core.Settings;
using Meerkat.Device.Configuration;
using Meerkat.Rpc;

namespace Meerkat.Device.Services;

/// <summary>
/// <c>Config.*</c> (specification 7.10). A change is made whole or not at all. Without a level it is of the settings in force; a change
/// of the vendor's levels, 1 to 8, counts from the next start.
/// </summary>
internal sealed class ConfigService(ConfigStore config, BootLoaderCalls boot, DeviceRestart restart)
{
    /// <summary>From the answer to the restart (specification 7.10).</summary>
    private static readonly TimeSpan RestartDelay = TimeSpan.FromMilliseconds(500);

    public void AddTo(RpcDispatcher calls)
    {
        calls.Add("Config.Get", "{key: %Q, level: %d}", "The settings in force, or those up to a level from 0 to 8", Get);
        calls.Add(
            "Config.Set", "{config: %M, key: %Q, value: %M, level: %d, save: %B, try_once: %B, reboot: %B}",
            "Changes settings; of the levels 1 to 8, and an address to listen on, from the next restart", Set);
        calls.Add("Config.Schema", "{key: %Q}", "The settings that have a type: type, default, range, title, value, and where it was set", Schema);
        calls.Add("Config.Problems", "", "What of the configuration files a start leaves out, and why", Problems);
        calls.Add("Config.Save", "{try_once: %B, reboot: %B}", "Saves the settings in force to the user's file", Save);
    }

    private Task<JsonNode?> Get(RpcCall call, CancellationToken cancellationToken) => Task.FromResult(
        config.Get(call.Arguments.Text("key") ?? "", call.Arguments.WholeNumber("level", 0, int.MaxValue)));

    private Task<JsonNode?> Set(RpcCall call, CancellationToken cancellationToken)
    {
        var arguments = call.Arguments;
        var level = arguments.WholeNumber("level", 0, int.MaxValue) ?? ConfigLayer.User;
        if (level == 0)
        {
            throw new RpcException(RpcErrorCode.BadRequest, "not allowed: level 0 comes with the bundle");
        }
        var reboot = arguments.Flag("reboot") ?? false;
        var once = arguments.Flag("try_once") ?? false;
        var save = once || (arguments.Flag("save") ?? false);
        var change = Change(arguments);
        if (reboot)
        {
            // Refused before anything is changed: during a trial a restart would undo it.
            restart.Demand(boot.Status());
        }
        if (save)
        {
            DemandNotArmed();
        }
        if (level < ConfigLayer.User)
        {
            config.SetLevel(change, (int)level, save, once);
        }
        else
        {
            config.Set(change, save, once);
        }
        Reboot(reboot);
        return Saved(save);
    }

    private Task<JsonNode?> Save(RpcCall call, CancellationToken cancellationToken)
    {
        var reboot = call.Arguments.Flag("reboot") ?? false;
        if (reboot)
        {
            restart.Demand(boot.Status());
        }
        DemandNotArmed();
        config.Save(call.Arguments.Flag("try_once") ?? false);
        Reboot(reboot);
        return Saved(true);
    }

    private Task<JsonNode?> Schema(RpcCall call, CancellationToken cancellationToken)
    {
        var key = call.Arguments.Text("key") ?? "";
        var found = config.Describe()
            .Where(known => key.Length == 0 || known.Setting.Key == key || known.Setting.Key.StartsWith(key + ".", StringComparison.Ordinal))
            .Select(Describe)
            .ToArray();
        return found.Length > 0
            ? Task.FromResult<JsonNode?>(new JsonArray(found))
            : throw new RpcException(RpcErrorCode.NotFound, "invalid config key: nothing is known of it");
    }

    private static JsonNode Describe(SettingInForce known)
    {
        var setting = known.Setting;
        var text = new JsonObject
        {
            ["key"] = setting.Key,
            ["type"] = setting.Kind switch
            {
                SettingKind.Text => "s",
                SettingKind.Flag => "b",
                SettingKind.WholeNumber => "i",
                SettingKind.Number => "d",
            },
            ["default"] = setting.DefaultNode(),
            ["title"] = setting.Title,
        };
        Add("unit", setting.Unit.Length > 0 ? setting.Unit : null);
        Add("min", setting.Min);
        Add("max", setting.Max);
        Add("enum", setting.Choices.IsEmpty ? null : new JsonArray([.. setting.Choices.Select(choice => JsonNode.Parse(choice))]));
        text["value"] = known.Value;
        text["level"] = known.Level;
        text["from"] = known.From;
        return text;

        void Add(string name, JsonNode? value)
        {
            if (value is not null)
            {
                text[name] = value;
            }
        }
    }

    private Task<JsonNode?> Problems(RpcCall call, CancellationToken cancellationToken) => Task.FromResult<JsonNode?>(new JsonArray(
        [.. config.Problems().Select(problem => (JsonNode)new JsonObject
        {
            ["file"] = problem.Layer,
            ["key"] = problem.Key,
            ["kind"] = problem.Kind switch
            {
                ConfigProblemKind.Damaged => "damaged",
                ConfigProblemKind.Denied => "denied",
                ConfigProblemKind.WrongValue => "wrong value",
                ConfigProblemKind.NotDefinable => "not definable",
            },
            ["text"] = problem.Text,
        })]));

    private static JsonObject Change(RpcArguments arguments)
    {
        // A null is a value, and of the wrong type for most keys.
        var name = arguments.IsGiven("value") ? "value" : "config";
        if (!arguments.IsGiven(name))
        {
            throw new RpcException(RpcErrorCode.BadRequest, "value is required");
        }
        var node = arguments.Has(name) ? JsonNode.Parse(arguments[name].GetRawText()) : null;
        if (arguments.Text("key") is { Length: > 0 } key)
        {
            var tree = new JsonObject();
            return ConfigPath.TrySet(tree, key, node)
                ? tree
                : throw new RpcException(RpcErrorCode.NotFound, $"invalid config key: expected names parted by single dots, at most {RpcFrame.MaxDepth - 1}");
        }
        return node as JsonObject
            ?? throw new RpcException(RpcErrorCode.BadRequest, "config must be an object; a single value needs a key");
    }

    private void DemandNotArmed()
    {
        if (boot.Status().Armed)
        {
            throw new RpcException(
                RpcErrorCode.Failed, "an installed update waits for the restart; what is saved now could be lost: restart, or revert to cancel it");
        }
    }

    private void Reboot(bool wished)
    {
        if (wished)
        {
            restart.Schedule(RestartDelay, force: false);
        }
    }

    private static Task<JsonNode?> Saved(bool saved) => Task.FromResult<JsonNode?>(new JsonObject { ["saved"] = saved });
}
