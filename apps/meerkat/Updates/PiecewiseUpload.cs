using System.Globalization;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Rpc;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Updates;

/// <summary>
/// Sends a bundle by <c>OTA.Begin</c>, <c>OTA.Write</c> and <c>OTA.End</c> (specification 7.8): over any transport, and to devices of the
/// original as well. A piece whose answer is lost is sent again at the same offset.
/// </summary>
internal static class PiecewiseUpload
{
    /// <summary>What every device takes.</summary>
    private const int SmallestPiece = 512;

    /// <summary>Larger ones are not faster.</summary>
    private const int LargestPiece = 46 * 1024;

    /// <summary>Of a frame: everything but the piece.</summary>
    private const int FrameBytes = 512;

    private const int Tries = 3;

    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(20);

    /// <param name="device">Where to.</param>
    /// <param name="file">The bundle.</param>
    /// <param name="wishes">For <c>OTA.Begin</c>.</param>
    /// <param name="pieceBytes">In one call; null: as large as the device's frames allow.</param>
    /// <param name="stall">The device gives the update up when nothing comes for so long; also the longest that its last check may take.</param>
    /// <param name="onSent">Told how many bytes have gone out.</param>
    /// <param name="cancellationToken">Breaks the upload off; the device is told.</param>
    /// <returns>What the device says, in one line.</returns>
    /// <exception cref="ToolException">The device refused.</exception>
    /// <exception cref="RpcTransportException">The device was not reached, or fell silent.</exception>
    public static async Task<string> SendAsync(
        RemoteDevice device,
        FileStream file,
        UploadWishes wishes,
        int? pieceBytes,
        TimeSpan stall,
        Action<long> onSent,
        CancellationToken cancellationToken)
    {
        var piece = new byte[pieceBytes ?? await PieceAsync(device, cancellationToken)];
        file.Position = 0;
        await device.CallAsync("OTA.Begin", Begin(file.Length, wishes, stall), cancellationToken);
        try
        {
            for (var offset = 0L; offset < file.Length;)
            {
                var count = await file.ReadAtLeastAsync(piece, piece.Length, throwOnEndOfStream: false, cancellationToken);
                var arguments = new JsonObject { ["offset"] = offset, ["data"] = Convert.ToBase64String(piece, 0, count) };
                await WriteAsync(device, arguments, cancellationToken);
                offset += count;
                onSent(offset);
            }
            var answer = await device.CallAsync("OTA.End", null, cancellationToken, stall);
            return answer is JsonObject outcome && (string?)outcome["message"] is { Length: > 0 } message ? message : "Update applied";
        }
        catch (Exception e) when (e is OperationCanceledException or RpcTransportException or ToolException)
        {
            await EndAsync(device);
            throw;
        }
    }

    private static JsonObject Begin(long size, UploadWishes wishes, TimeSpan stall)
    {
        var begin = new JsonObject { ["timeout"] = (int)Math.Clamp(stall.TotalSeconds, 1, 86400), ["size"] = size };
        if (wishes.CommitTimeoutSeconds is { } seconds)
        {
            begin["commit_timeout"] = seconds;
        }
        if (!wishes.Activate)
        {
            begin["activate"] = false;
        }
        if (wishes.Force)
        {
            begin["force"] = true;
        }
        return begin;
    }

    private static async Task WriteAsync(RemoteDevice device, JsonObject arguments, CancellationToken cancellationToken)
    {
        for (var left = Tries; ;)
        {
            try
            {
                await device.AskAsync("OTA.Write", CallTime, cancellationToken, arguments);
                return;
            }
            catch (RpcTransportException) when (--left > 0)
            {
                // The device knows a piece that it has, so the same one may come again.
            }
            catch (RpcException e)
            {
                throw new ToolException(string.Create(
                    CultureInfo.InvariantCulture, $"write failed at offset {(long)arguments["offset"]!}: {ToolException.InWords("OTA.Write", e.Error)}"))
                {
                    Remote = e.Error,
                };
            }
        }
    }

    /// <summary>Whether the device hears it or not, it forgets the update; hearing it, at once.</summary>
    private static async Task EndAsync(RemoteDevice device)
    {
        try
        {
            await device.AskAsync("OTA.End", TimeSpan.FromSeconds(2), CancellationToken.None);
        }
        catch (Exception e) when (e is RpcException or RpcTransportException)
        {
            // What was refused before is the reason that is told.
        }
    }

    /// <summary>The device's frames are at least as long as those of the original's smallest.</summary>
    private static async Task<int> PieceAsync(RemoteDevice device, CancellationToken cancellationToken)
    {
        try
        {
            var frame = await device.AskAsync(
                "Config.Get", CallTime, cancellationToken, new JsonObject { ["key"] = "rpc.max_frame_size" });
            return frame is not null && WholeNumbers.TryParse(frame.ToJsonString(), out var bytes)
                ? (int)Math.Clamp((bytes - FrameBytes) / 4 * 3 / SmallestPiece * SmallestPiece, SmallestPiece, LargestPiece)
                : SmallestPiece;
        }
        catch (RpcException)
        {
            return SmallestPiece;
        }
    }
}
