using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Device.Logs;
using Meerkat.Rpc;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Logs;

/// <summary>
/// Prints a log of a device, and goes on with what comes, through restarts of the device and from one slot's firmware to the other's.
/// </summary>
/// <param name="device">The device.</param>
/// <param name="source">firmware, agent, boot or last.</param>
/// <param name="slot">Whose firmware; null for the one that runs.</param>
/// <param name="output">Where it is printed.</param>
internal sealed class LogReading(RemoteDevice device, string source, int? slot, TextWriter output)
{
    /// <summary>Stands for the slot of logs that belong to none.</summary>
    private const int NoSlot = -1;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How far each slot's log has been read.</summary>
    private readonly Dictionary<int, string> cursors = [];

    private int? shown;
    private bool away;
    private bool lineIsOpen;

    /// <summary>Prints the last lines, and remembers where what is to come begins.</summary>
    /// <param name="lines">How many.</param>
    /// <param name="andOn"><see cref="FollowAsync"/> comes next.</param>
    /// <param name="cancellationToken">Breaks off.</param>
    /// <exception cref="ToolException">The device keeps no such log, or is away.</exception>
    public async Task PrintLastAsync(int lines, bool andOn, CancellationToken cancellationToken)
    {
        var last = await AskAsync(Arguments(slot, lines: lines), cancellationToken);
        if (andOn && slot is null && last.Slot is { } number)
        {
            // The other slot's too: a trial can be over before it was seen. What it holds now is no news.
            Remember(await AskAsync(Arguments(1 - number, lines: 0), cancellationToken));
        }
        var (text, end) = last.Cut ? await ReadAllAsync(last.Slot, cancellationToken) : (last.Text, last);
        Remember(end);
        shown = end.Slot;
        await PrintAsync(last.Cut ? LogText.LastLines(text, lines) : text);
    }

    /// <summary>Prints what comes after that, until it is cancelled.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval);
        while (true)
        {
            var pieces = new List<RemoteLog>();
            foreach (var each in cursors.Keys.ToList())
            {
                if (await TryAskAsync(each == NoSlot ? null : each, cancellationToken) is { } piece)
                {
                    pieces.Add(piece);
                }
            }
            // What does not run any more was printed first.
            foreach (var piece in pieces.OrderBy(piece => piece.Slot == piece.RunningSlot))
            {
                await TakeAsync(piece);
            }
            if (!pieces.Any(piece => piece.More))
            {
                await timer.WaitForNextTickAsync(cancellationToken);
            }
        }
    }

    /// <summary>All that is kept, in as many answers as it takes.</summary>
    private async Task<(string Text, RemoteLog End)> ReadAllAsync(int? ofSlot, CancellationToken cancellationToken)
    {
        var text = new System.Text.StringBuilder();
        var cursor = "";
        while (true)
        {
            var piece = await AskAsync(Arguments(ofSlot, cursor), cancellationToken);
            text.Append(piece.Text);
            cursor = piece.Cursor;
            if (!piece.More)
            {
                return (text.ToString(), piece);
            }
        }
    }

    private async Task TakeAsync(RemoteLog piece)
    {
        Remember(piece);
        if (piece.Text.Length > 0 && piece.Slot != shown)
        {
            shown = piece.Slot;
            await NoteAsync($"the firmware in slot {piece.Slot}:");
        }
        else if (piece is { Missed: true, Text.Length: > 0 })
        {
            await NoteAsync("the log begins anew here; what is not shown is not kept any more");
        }
        await PrintAsync(piece.Text);
    }

    private void Remember(RemoteLog piece) => cursors[piece.Slot ?? NoSlot] = piece.Cursor;

    /// <summary>Null while the device is away or about to restart.</summary>
    private async Task<RemoteLog?> TryAskAsync(int? ofSlot, CancellationToken cancellationToken)
    {
        try
        {
            var arguments = Arguments(ofSlot, cursors[ofSlot ?? NoSlot]);
            var piece = RemoteLog.Read(await device.AskAsync(RemoteLog.Method, CallTimeout, cancellationToken, arguments));
            if (away)
            {
                away = false;
                await NoteAsync("the device is back");
            }
            return piece;
        }
        catch (Exception e) when (e is RpcTransportException or RpcException { Error.Code: (int)RpcErrorCode.ShuttingDown or (int)RpcErrorCode.Internal })
        {
            if (!away)
            {
                away = true;
                await NoteAsync("the device is away; waiting for it");
            }
            return null;
        }
        catch (RpcException e)
        {
            throw ToolException.Of(RemoteLog.Method, e.Error);
        }
    }

    private async Task<RemoteLog> AskAsync(JsonObject arguments, CancellationToken cancellationToken)
    {
        try
        {
            return RemoteLog.Read(await device.CallAsync(RemoteLog.Method, arguments, cancellationToken));
        }
        catch (ToolException e) when (e.IsUnknownMethod)
        {
            throw new ToolException($"this device does not show its logs: it has no {RemoteLog.Method}");
        }
    }

    private JsonObject Arguments(int? ofSlot, string? cursor = null, int? lines = null)
    {
        var arguments = new JsonObject { ["source"] = source };
        if (ofSlot is not null)
        {
            arguments["slot"] = ofSlot;
        }
        if (cursor is not null)
        {
            arguments["cursor"] = cursor;
        }
        if (lines is not null)
        {
            arguments["lines"] = lines;
        }
        return arguments;
    }

    private async Task PrintAsync(string text)
    {
        if (text.Length > 0)
        {
            await output.WriteAsync(text);
            lineIsOpen = text[^1] != '\n';
        }
    }

    private async Task NoteAsync(string text)
    {
        if (lineIsOpen)
        {
            await output.WriteLineAsync();
            lineIsOpen = false;
        }
        await Console.Error.WriteLineAsync($"({text})");
    }
}
