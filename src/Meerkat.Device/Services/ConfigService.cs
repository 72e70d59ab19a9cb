using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Core.Settings;
using Meerkat.Device.Configuration;
using Meerkat.Rpc;

namespace Meerkat.Device.Services;

/// <summary>
/// <c>Config.*</c> (specification 7.10). A change is made whole or not at all. Only the settings in force (level 9) can be changed: the
/// levels below are the vendor's and come with the bundle.
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
            "Changes settings; an address to listen on counts from the next restart", Set);
        calls.Add("Config.Save", "{try_once: %B, reboot: %B}", "Saves the settings in force to the user's file", Save);
    }

    private Task<JsonNode?> Get(RpcCall call, CancellationToken cancellationToken) => Task.FromResult(
        config.Get(call.Arguments.Text("key") ?? "", call.Arguments.WholeNumber("level", 0, ConfigLayer.User)));

    private Task<JsonNode?> Set(RpcCall call, CancellationToken cancellationToken)
    {
        var arguments = call.Arguments;
        if (arguments.WholeNumber("level", 0, int.MaxValue) is < ConfigLayer.User)
        {
            throw new RpcException(RpcErrorCode.BadRequest, "not allowed: the levels below 9 come with the bundle");
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
        config.Set(change, save, once);
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

    private static JsonObject Change(RpcArguments arguments)
    {
        var value = arguments.Has("value") ? arguments["value"] : arguments["config"];
        if (value.ValueKind == JsonValueKind.Undefined)
        {
            throw new RpcException(RpcErrorCode.BadRequest, "value is required");
        }
        var node = JsonNode.Parse(value.GetRawText());
        if (arguments.Text("key") is { Length: > 0 } key)
        {
            var tree = new JsonObject();
            return ConfigPath.TrySet(tree, key, node)
                ? tree
                : throw new RpcException(RpcErrorCode.NotFound, $"invalid config key: {key}");
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
