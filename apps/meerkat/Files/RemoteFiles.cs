using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Meerkat.Rpc;
using Meerkat.Core.Protocol;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Files;

/// <summary>
/// The files of a device, by <c>FS.*</c> with the arguments that devices of every era take (specification 7.11). Errors name the file and
/// not the call.
/// </summary>
internal sealed class RemoteFiles(RemoteDevice device)
{
    /// <summary>What devices take that do not tell: the original's <c>rpc.max_frame_size</c>.</summary>
    private const int UsualFrameBytes = 4096;

    /// <summary>What a frame has besides name and data.</summary>
    private const int FrameMargin = 512;

    private const int MostEscapedBytes = 6;
    private const int LeastPieceBytes = 192;
    private const int MostPieceBytes = 192 * 1024;
    private static readonly TimeSpan CleanUpTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long a piece on its way is waited for once the whole is given up.</summary>
    private static readonly TimeSpan PieceGrace = TimeSpan.FromSeconds(5);

    /// <summary>Sorted by name. A directory that is not there is an empty list: devices do not tell the two apart.</summary>
    public async Task<ImmutableArray<RemoteFile>> ListAsync(string path, CancellationToken cancellationToken)
    {
        var arguments = RemotePath.IsTop(path) ? null : new JsonObject { ["path"] = path };
        var answer = await device.CallAsync("FS.ListExt", arguments, cancellationToken);
        return [.. (answer as JsonArray ?? []).OfType<JsonObject>().Select(RemoteFile.Read).OrderBy(file => file.Name, StringComparer.Ordinal)];
    }

    /// <summary>What its directory says about a name; null when there is none.</summary>
    public async Task<RemoteFile?> FindAsync(string path, CancellationToken cancellationToken) =>
        (await ListAsync(RemotePath.Directory(path), cancellationToken)).FirstOrDefault(file => file.Name == RemotePath.Name(path));

    /// <summary>Reads a file from its beginning to its end.</summary>
    /// <param name="name">Path on the device.</param>
    /// <param name="take">Takes the pieces, in order.</param>
    /// <param name="cancellationToken">Breaks off.</param>
    /// <exception cref="ToolException">There is no such file, or it changed meanwhile.</exception>
    public async Task ReadAsync(string name, Func<ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellationToken)
    {
        var most = await PieceBytesAsync(name, cancellationToken);
        long offset = 0;
        long? total = null;
        long left;
        do
        {
            (var data, left) = await ReadPieceAsync(name, offset, most, cancellationToken);
            if (offset + data.Length + left != (total ??= data.Length + left) || (data.Length == 0 && left > 0))
            {
                throw new ToolException($"{name} was changed on the device while it was read; get it again");
            }
            await take(data);
            offset += data.Length;
        }
        while (left > 0);
    }

    /// <summary>
    /// Writes a file. What fits into one call is one call; more is written under another name and renamed when all of it is there, so
    /// that the name never stands for half a file. Devices without <c>FS.Rename</c> are written to directly.
    /// </summary>
    /// <param name="name">Path on the device.</param>
    /// <param name="content">Read to its end.</param>
    /// <param name="onSent">Told how many bytes have gone out.</param>
    /// <param name="cancellationToken">Breaks off.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ToolException">The device refused, or has another size than was sent.</exception>
    public async Task<long> WriteAsync(string name, Stream content, Action<long> onSent, CancellationToken cancellationToken)
    {
        var most = await PieceBytesAsync(name, cancellationToken);
        var first = await TakeAsync(content, most, cancellationToken);
        var second = first.Length < most ? [] : await TakeAsync(content, most, cancellationToken);
        if (second.Length == 0)
        {
            await PutAsync(name, name, first, append: false, cancellationToken);
            onSent(first.Length);
            await VerifyAsync(name, name, first.Length, cancellationToken);
            return first.Length;
        }
        var whole = await OffersAsync("FS.Rename", cancellationToken);
        // A piece on its way is waited for: given up, it could arrive after the file was removed, and make it anew.
        using var late = new CancellationTokenSource();
        await using var breakOff = cancellationToken.Register(() => late.CancelAfter(PieceGrace));
        var target = whole ? RemotePath.Beside(name, $"put-{Random.Shared.NextInt64(1L << 32):x8}.tmp") : name;
        try
        {
            await PutAsync(name, target, first, append: false, late.Token);
            long sent = first.Length;
            onSent(sent);
            for (var piece = second; piece.Length > 0; piece = await TakeAsync(content, most, cancellationToken))
            {
                await PutAsync(name, target, piece, append: true, late.Token);
                sent += piece.Length;
                onSent(sent);
            }
            await VerifyAsync(name, target, sent, cancellationToken);
            if (whole)
            {
                await RenameAsync(target, name, cancellationToken);
            }
            return sent;
        }
        catch (Exception e) when (whole)
        {
            await CleanUpAsync(target, e);
            throw;
        }
        catch (Exception e) when (e is ToolException or RpcTransportException)
        {
            throw new ToolException($"{e.Message}; the file on the device may be incomplete, put it again");
        }
    }

    /// <exception cref="ToolException">There is no such file, or it cannot be removed.</exception>
    public async Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await device.CallAsync("FS.Remove", new JsonObject { ["filename"] = name }, cancellationToken);
        }
        catch (ToolException e) when (e.Remote is { } error && !e.IsUnknownMethod)
        {
            throw await FindAsync(name, cancellationToken) is null
                ? NoSuchFile(name)
                : new ToolException($"cannot remove {name} on the device: {error.Message}");
        }
    }

    public static ToolException NoSuchFile(string name) => new($"no such file or directory on the device: {name}");

    private async Task<(byte[] Data, long Left)> ReadPieceAsync(
        string name, long offset, int most, CancellationToken cancellationToken)
    {
        const int badRequest = (int)RpcErrorCode.BadRequest;
        try
        {
            var arguments = new JsonObject { ["filename"] = name, ["offset"] = offset, ["len"] = most };
            var answer = await device.CallAsync("FS.Get", arguments, cancellationToken);
            return (Convert.FromBase64String(answer?["data"].Word ?? ""), (long)(answer?["left"].Number ?? 0));
        }
        catch (ToolException e) when (e.Remote is { Code: badRequest, Message: { } text } && text.StartsWith("failed to open", StringComparison.Ordinal))
        {
            throw await FindAsync(name, cancellationToken) is { IsDirectory: true }
                ? new ToolException($"{name} is a directory on the device")
                : NoSuchFile(name);
        }
        catch (ToolException e) when (e.Remote is { } error && !e.IsUnknownMethod)
        {
            throw new ToolException($"cannot read {name} on the device: {error.Message}");
        }
        catch (FormatException)
        {
            throw new ToolException($"the device answered FS.Get of {name} with what is no base64");
        }
    }

    private async Task PutAsync(string name, string target, byte[] data, bool append, CancellationToken cancellationToken)
    {
        try
        {
            var arguments = new JsonObject { ["filename"] = target, ["data"] = Convert.ToBase64String(data), ["append"] = append };
            await device.CallAsync("FS.Put", arguments, cancellationToken);
        }
        catch (ToolException e) when (e.Remote is { } error && !e.IsUnknownMethod)
        {
            var directory = RemotePath.Directory(name);
            throw !RemotePath.IsTop(directory) && await FindAsync(directory, cancellationToken) is null
                ? new ToolException($"cannot write {name}: there is no directory {directory} on the device")
                : new ToolException($"cannot write {name} on the device: {error.Message}");
        }
    }

    private async Task RenameAsync(string from, string to, CancellationToken cancellationToken)
    {
        try
        {
            await device.CallAsync("FS.Rename", new JsonObject { ["src"] = from, ["dst"] = to }, cancellationToken);
        }
        catch (ToolException e) when (e.Remote is { } error)
        {
            throw new ToolException($"cannot write {to} on the device: {error.Message}");
        }
    }

    private async Task VerifyAsync(string name, string target, long expected, CancellationToken cancellationToken)
    {
        var (data, left) = await ReadPieceAsync(target, 0, 1, cancellationToken);
        if (data.Length + left != expected)
        {
            throw new ToolException(
                $"{name} has {data.Length + left} bytes on the device, {expected} were sent; is its file system full?");
        }
    }

    /// <summary>A rest that cannot be removed is named: it takes space.</summary>
    private async Task CleanUpAsync(string target, Exception cause)
    {
        try
        {
            await device.AskAsync("FS.Remove", CleanUpTimeout, CancellationToken.None, new JsonObject { ["filename"] = target });
        }
        catch (RpcException)
        {
            // It was not even begun.
        }
        catch (RpcTransportException)
        {
            await Console.Error.WriteLineAsync(
                cause is OperationCanceledException ? $"{target} stays on the device" : $"{target} may be left on the device; remove it with meerkat rm");
        }
    }

    private async Task<bool> OffersAsync(string method, CancellationToken cancellationToken)
    {
        try
        {
            return await device.CallAsync("RPC.List", null, cancellationToken) is JsonArray names && names.Any(name => name.Word == method);
        }
        catch (ToolException e) when (e.Remote is not null)
        {
            return false;
        }
    }

    /// <summary>Bytes of a file that one frame of this device carries in base64.</summary>
    private async Task<int> PieceBytesAsync(string name, CancellationToken cancellationToken)
    {
        const string key = "rpc.max_frame_size";
        JsonNode? answer = null;
        try
        {
            answer = await device.CallAsync("Config.Get", new JsonObject { ["key"] = key }, cancellationToken);
        }
        catch (ToolException e) when (e.Remote is not null)
        {
            // It does not tell, or not everybody.
        }
        var frame = answer.Number ?? (answer as JsonObject)?["rpc"]?["max_frame_size"].Number ?? UsualFrameBytes;
        var room = ((int)Math.Min(frame, int.MaxValue) - FrameMargin - (name.Length * MostEscapedBytes)) / 4 * 3;
        return Math.Clamp(room, LeastPieceBytes, MostPieceBytes);
    }

    private static async Task<byte[]> TakeAsync(Stream content, int most, CancellationToken cancellationToken)
    {
        var piece = new byte[most];
        // A read from a terminal or a pipe goes on until something comes; Ctrl-C does not wait for it.
        var length = await content.ReadAtLeastAsync(piece, most, throwOnEndOfStream: false, cancellationToken)
            .AsTask().WaitAsync(cancellationToken);
        return piece[..length];
    }
}
