using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Core.Protocol;
using Meerkat.Core.Updates;
using Meerkat.Core.Values;
using Meerkat.Device.Configuration;
using Meerkat.Device.Downloads;
using Meerkat.Device.Health;
using Meerkat.Device.Updates;
using Meerkat.Rpc;
using Meerkat.Storage;

namespace Meerkat.Device.Services;

/// <summary>
/// <c>OTA.*</c> (specification 7.8). Success is a result and never an error with code 0; a failed update is an error with the update's
/// negative code and <c>CODE TEXT</c>.
/// </summary>
internal sealed class OtaService(
    DeviceRoot device, BootLoaderCalls boot, ConfigStore config, PulledUpdates pulls, UpdatePolling polling, PushedUpdate push, DeviceRestart restart,
    CommitGuard commits, HealthWatch health)
{
    public const int MostTimeoutSeconds = 86400;
    public const int MostCommitTimeoutSeconds = 604800;

    public void AddTo(RpcDispatcher calls)
    {
        calls.Add(
            "OTA.Update", "{url: %Q, blob_url: %Q, file: %Q, section: %Q, timeout: %d, commit_timeout: %d, ignore_same_version: %B, activate: %B, force: %B, wait: %B}",
            "Fetches a bundle, or takes a file of the device, and installs it; answers when that has ended, or with wait false at once", UpdateAsync);
        calls.Add("OTA.Begin", "{timeout: %d, commit_timeout: %d, size: %ld, ignore_same_version: %B, activate: %B, force: %B}", "Begins an update that comes in pieces", Begin);
        calls.Add("OTA.Write", "{offset: %ld, data: %Q}", "The next piece, base64; a piece that came before is acknowledged", Write);
        calls.Add("OTA.End", "", "Finishes the update and restarts, or gives up one that is not whole", End);
        calls.Add("OTA.Commit", "", "Marks the running firmware good", CommitAsync);
        calls.Add("OTA.Revert", "", "Gives the trial up, or cancels an update that waits for the restart or its activation", (_, _) => Done(boot.Revert));
        calls.Add("OTA.Status", "{output: %Q}", "The state of update, slots and trial; output full: all that is kept of a failed firmware's output", Status);
    }

    private async Task<JsonNode?> UpdateAsync(RpcCall call, CancellationToken cancellationToken)
    {
        var arguments = call.Arguments;
        if (arguments.Text("section") is { } section && section != "firmware")
        {
            throw new RpcException(RpcErrorCode.BadRequest, $"section must be \"firmware\", found \"{section}\": a bundle has no other");
        }
        var wait = arguments.Flag("wait") ?? true;
        switch (Start(arguments))
        {
            case PullStart.Refused refused:
                throw new RpcException(RpcErrorCode.Failed, refused.Text);
            case PullStart.Started when !wait:
                return new JsonObject { ["started"] = true };
            case PullStart.Started started:
                var result = await started.End.WaitAsync(cancellationToken).ConfigureAwait(false);
                return result.Succeeded
                    ? Outcome(result)
                    : throw new RpcException(new RpcError(result.Code, FormattableString.Invariant($"{result.Code} {result.Message}")));
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>From where the bundle comes is named once; an empty name is none.</summary>
    private PullStart Start(RpcArguments arguments)
    {
        var places = ((string[])["url", "blob_url", "file"]).Where(name => !string.IsNullOrEmpty(arguments.Text(name))).ToList();
        if (places is not [var place])
        {
            throw new RpcException(RpcErrorCode.BadRequest, places.Count == 0
                ? "url is required (or file, for a bundle that is on the device)"
                : $"expected one of url, blob_url and file, found {string.Join(" and ", places)}");
        }
        var text = arguments.Text(place)!;
        if (place == "file")
        {
            return pulls.Start(device.Volume, BundleFile(text), Options(arguments));
        }
        return BundleAddresses.Parse(text) switch
        {
            BundleAddresses.Found { Addresses: { Length: > 0 } addresses } => pulls.Start(addresses, Options(arguments), Timeout(arguments)),
            BundleAddresses.Rejected rejected => throw new RpcException(RpcErrorCode.BadRequest, $"{place} {rejected.Reason}"),
            _ => throw new RpcException(RpcErrorCode.BadRequest, $"{place} is blank"),
        };
    }

    /// <summary>Named as <c>FS.*</c> names files; its path on the volume.</summary>
    private string BundleFile(string name)
    {
        var slot = boot.Status().Running ?? throw new RpcException(
            RpcErrorCode.Failed, "no firmware is running (recovery), so there is no file system to take a bundle from; send it instead");
        var path = FsPath.OnVolume(device.Volume, new SlotId(slot), FsPath.Plain(name));
        return device.Volume.Find(path) is { Kind: EntryKind.File }
            ? path
            : throw new RpcException(RpcErrorCode.BadRequest, $"failed to open file \"{name}\": it is not a regular file below fs, or not there");
    }

    private Task<JsonNode?> Begin(RpcCall call, CancellationToken cancellationToken)
    {
        push.Begin(
            Options(call.Arguments) with { AnnouncedBytes = call.Arguments.WholeNumber("size", 1, long.MaxValue) },
            Timeout(call.Arguments));
        return Result(null);
    }

    private Task<JsonNode?> Write(RpcCall call, CancellationToken cancellationToken)
    {
        var offset = call.Arguments.WholeNumber("offset", 0, long.MaxValue)
            ?? throw new RpcException(RpcErrorCode.BadRequest, "offset is required");
        var piece = call.Arguments.Bytes("data") ?? throw new RpcException(RpcErrorCode.BadRequest, "data is required");
        push.Write(offset, piece);
        return Result(null);
    }

    private Task<JsonNode?> End(RpcCall call, CancellationToken cancellationToken)
    {
        var result = push.End();
        if (result.NeedsRestart)
        {
            restart.Schedule(DeviceRestart.AfterAnswer, force: false);
        }
        return Result(Outcome(result));
    }

    private Task<JsonNode?> Status(RpcCall call, CancellationToken cancellationToken)
    {
        var full = call.Arguments.Text("output") switch
        {
            null => false,
            "full" => true,
            var other => throw new RpcException(RpcErrorCode.BadRequest, $"output must be \"full\", found \"{other}\""),
        };
        var now = boot.Status();
        return Result(OtaStatusView.Of(now, pulls.Status, polling.Status, health.Results(now), now.Reason is null ? null : FailedOutput.Read(device.Volume, full)));
    }

    private UpdateOptions Options(RpcArguments arguments) => new()
    {
        CommitTimeoutSeconds = (int)(arguments.WholeNumber("commit_timeout", 0, MostCommitTimeoutSeconds)
            ?? config.Values.WholeNumber("update.commit_timeout")),
        // As every era of the original: a call that names a bundle means that bundle. Polling and /update default to true.
        IgnoreSameVersion = arguments.Flag("ignore_same_version") ?? false,
        Activate = arguments.Flag("activate") ?? true,
        Force = arguments.Flag("force") ?? false,
    };

    private TimeSpan Timeout(RpcArguments arguments) => TimeSpan.FromSeconds(
        arguments.WholeNumber("timeout", 1, MostTimeoutSeconds) ?? config.Values.WholeNumber("update.timeout"));

    private static JsonObject Outcome(UpdateResult result) => new() { ["code"] = result.Code, ["message"] = result.Message };

    private async Task<JsonNode?> CommitAsync(RpcCall call, CancellationToken cancellationToken)
    {
        await commits.CommitAsync(cancellationToken).ConfigureAwait(false);
        return null;
    }

    private static Task<JsonNode?> Done(Action action)
    {
        action();
        return Result(null);
    }

    private static Task<JsonNode?> Result(JsonNode? result) => Task.FromResult(result);
}
