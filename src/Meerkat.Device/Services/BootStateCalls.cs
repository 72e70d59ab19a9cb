using System.Text.Json.Nodes;
using Meerkat.Boot.Link;
using Meerkat.Core.Boot;
using Meerkat.Core.Protocol;
using Meerkat.Core.Values;
using Meerkat.Device.Configuration;
using Meerkat.Device.Downloads;
using Meerkat.Device.Updates;
using Meerkat.Rpc;

namespace Meerkat.Device.Services;

/// <summary>The boot state by hand: <c>OTA.GetBootState</c>, <c>SetBootState</c>, <c>CreateSnapshot</c> (specification 7.8) and <c>Activate</c>.</summary>
internal sealed class BootStateCalls(
    BootLoaderCalls boot, ConfigStore config, PulledUpdates pulls, HeldUpdate held, DeviceSnapshot snapshot)
{
    private const int None = -1;

    public void AddTo(RpcDispatcher calls)
    {
        calls.Add("OTA.GetBootState", "", "What the next boot does", (_, _) => Result(View(boot.Status())));
        calls.Add(
            "OTA.SetBootState", "{active_slot: %d, is_committed: %B, revert_slot: %d, commit_timeout: %d}",
            "Sets by hand what the next boot does; what is not named stays. Does not restart", SetState);
        calls.Add(
            "OTA.CreateSnapshot", "{set_as_revert: %B, commit_timeout: %d}",
            "Copies the running firmware and its files into the other slot; with set_as_revert the next boot is on trial", Snapshot);
        calls.Add("OTA.Activate", "{commit_timeout: %d}", "Starts an update that was installed with activate false", Activate);
    }

    private static JsonObject View(BootStatus now) => new()
    {
        ["active_slot"] = now.Active,
        ["is_committed"] = now.Committed,
        ["revert_slot"] = now.Fallback ?? None,
        ["commit_timeout"] = now.CommitTimeout,
        ["held_slot"] = now.Held ?? None,
        ["reason"] = now.Reason?.Text,
    };

    private Task<JsonNode?> SetState(RpcCall call, CancellationToken cancellationToken)
    {
        DemandNoUpdate();
        var arguments = call.Arguments;
        var fallback = arguments.WholeNumber("revert_slot", None, 1);
        boot.SetState(new BootStateChange
        {
            Active = Slot(arguments.WholeNumber("active_slot", 0, 1)),
            SetsFallback = fallback is not null,
            Fallback = Slot(fallback),
            Committed = arguments.Flag("is_committed"),
            // As in the original, a negative one is as good as none.
            CommitTimeoutSeconds = (int?)arguments.WholeNumber("commit_timeout", None, OtaService.MostCommitTimeoutSeconds) is >= 0 and var seconds
                ? seconds
                : null,
        });
        return Result(null);
    }

    private Task<JsonNode?> Snapshot(RpcCall call, CancellationToken cancellationToken)
    {
        DemandNoUpdate();
        var timeout = call.Arguments.WholeNumber("commit_timeout", None, OtaService.MostCommitTimeoutSeconds);
        var slot = snapshot.Take(
            call.Arguments.Flag("set_as_revert") ?? false,
            (int)(timeout is >= 0 and var seconds ? seconds : config.Values.WholeNumber("update.commit_timeout")));
        return Result(new JsonObject { ["slot"] = slot.Number });
    }

    private Task<JsonNode?> Activate(RpcCall call, CancellationToken cancellationToken)
    {
        DemandNoUpdate();
        held.Activate((int?)call.Arguments.WholeNumber("commit_timeout", 0, OtaService.MostCommitTimeoutSeconds));
        return Result(null);
    }

    /// <summary>The boot loader knows of an update only from its first write on.</summary>
    private void DemandNoUpdate()
    {
        if (pulls.Status.State == UpdateStatus.Running)
        {
            throw new RpcException(RpcErrorCode.Failed, "an update is in progress; wait for its end");
        }
    }

    private static SlotId? Slot(long? number) => number is 0 or 1 ? new SlotId((int)number.Value) : null;

    private static Task<JsonNode?> Result(JsonNode? result) => Task.FromResult(result);
}
