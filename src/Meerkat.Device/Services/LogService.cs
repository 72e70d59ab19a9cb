using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Boot.Link;
using Meerkat.Core.Protocol;
using Meerkat.Core.Values;
using Meerkat.Device.Logs;
using Meerkat.Rpc;
using Meerkat.Storage;

namespace Meerkat.Device.Services;

/// <summary><c>Sys.GetLog</c>: what the device's programs print. Only the files named here can be read.</summary>
internal sealed class LogService(IVolume volume, BootLoaderCalls boot, RpcDispatcher calls)
{
    private const int MostLines = 100_000;
    private const int UsualLines = 100;
    private const int MostTextBytes = 256 * 1024;

    /// <summary>What an answer has besides the text.</summary>
    private const int FrameBytes = 1024;

    private int TextBytes => Math.Clamp(calls.MaxFrameBytes - FrameBytes, FrameBytes, MostTextBytes);

    public void AddTo(RpcDispatcher dispatcher) => dispatcher.Add(
        "Sys.GetLog", "{source: %Q, slot: %d, lines: %d, cursor: %Q}",
        "What firmware, agent or boot loader printed: the last lines, or what follows a cursor",
        (call, _) => Task.FromResult<JsonNode?>(Get(call.Arguments)));

    private JsonObject Get(RpcArguments arguments)
    {
        var source = arguments.Text("source") ?? "firmware";
        var number = arguments.WholeNumber("slot", 0, 1);
        var lines = (int)(arguments.WholeNumber("lines", 0, MostLines) ?? UsualLines);
        var cursor = arguments.Text("cursor");
        var from = cursor is null ? LogPosition.Oldest : LogPosition.Parse(cursor)
            ?? throw new RpcException(RpcErrorCode.BadRequest, $"cursor must be one that Sys.GetLog has given, found \"{cursor}\"");
        if (number is not null && source != "firmware")
        {
            throw new RpcException(RpcErrorCode.BadRequest, $"slot belongs to the source firmware, found {source}");
        }
        var now = source == "firmware" ? boot.Status() : null;
        var slot = now is null ? (int?)null : (int?)number ?? now.Running ?? now.Active;
        var path = source switch
        {
            "firmware" => SlotOutput.Path(new SlotId(slot!.Value)),
            "agent" => LogFiles.Agent,
            "boot" => LogFiles.Boot,
            "last" => SlotOutput.FailedPath,
            _ => throw new RpcException(RpcErrorCode.BadRequest, $"source must be firmware, agent, boot or last, found \"{source}\""),
        };
        try
        {
            var piece = cursor is null
                ? LogReader.Last(volume, path, lines, TextBytes)
                : LogReader.Since(volume, path, from, TextBytes);
            return Answer(source, slot, now, piece);
        }
        catch (StorageException fault)
        {
            throw new RpcException(RpcErrorCode.Internal, fault.Message);
        }
    }

    private static JsonObject Answer(string source, int? slot, BootStatus? now, LogPiece piece)
    {
        var answer = new JsonObject { ["source"] = source };
        if (now is not null)
        {
            answer["slot"] = slot;
            answer["running_slot"] = now.Running;
        }
        answer["text"] = piece.Text;
        answer["cursor"] = piece.End.ToString();
        answer["more"] = piece.More;
        answer["cut"] = piece.Cut;
        answer["missed"] = piece.Missed;
        return answer;
    }
}
