using System.Text.Json.Nodes;
using Meerkat.Boot;
using Meerkat.Core.Protocol;
using Meerkat.Core.Values;
using Meerkat.Device.Access;
using Meerkat.Device.Configuration;
using Meerkat.Rpc;
using Meerkat.Storage;

namespace Meerkat.Device.Services;

/// <summary><c>FS.*</c> (specification 7.11) on the file system of the running slot.</summary>
internal sealed class FsService(IVolume volume, SlotId? slot, OwnedFiles? files, BootLoaderCalls boot, SecretFiles secrets)
{
    /// <summary>The most that one answer of <c>FS.Get</c> carries; <c>left</c> says what remains.</summary>
    private const int MostGetBytes = 256 * 1024;

    public void AddTo(RpcDispatcher calls)
    {
        calls.Add("FS.List", "{path: %Q}", "Names in a directory", (call, _) => Reading(() => List(call.Arguments, extended: false)));
        calls.Add("FS.ListExt", "{path: %Q}", "Names and sizes in a directory", (call, _) => Reading(() => List(call.Arguments, extended: true)));
        calls.Add("FS.Get", "{filename: %Q, offset: %ld, len: %ld}", "Content of a file, base64, at most 256 KiB at once", (call, _) => Reading(() => Get(call.Arguments)));
        calls.Add("FS.Put", "{filename: %Q, offset: %ld, data: %Q, append: %B}", "Writes a file; one that is begun anew is replaced in one step", (call, _) => Writing(() => Put(call.Arguments)));
        calls.Add("FS.Remove", "{filename: %Q}", "Removes a file or an empty directory", (call, _) => Writing(() => Remove(call.Arguments)));
        calls.Add("FS.Rename", "{src: %Q, dst: %Q}", "Renames a file; one of the new name is replaced", (call, _) => Writing(() => Rename(call.Arguments)));
    }

    private SlotId Slot => slot ?? throw new RpcException(
        RpcErrorCode.Failed, "no firmware is running (recovery), so there is no file system; install an update first");

    private JsonArray List(RpcArguments arguments, bool extended)
    {
        var list = new JsonArray();
        var path = Resolve(arguments.Text("path") ?? "/");
        if (volume.Find(path) is not { Kind: EntryKind.Directory })
        {
            return list;
        }
        foreach (var entry in volume.List(path))
        {
            list.Add((JsonNode)(extended
                ? new JsonObject
                {
                    ["name"] = entry.Name,
                    ["size"] = entry.Kind == EntryKind.File ? entry.Bytes : 0,
                    ["kind"] = entry.Kind.ToString().ToLowerInvariant(),
                }
                : JsonValue.Create(entry.Name)));
        }
        return list;
    }

    private JsonObject Get(RpcArguments arguments)
    {
        var name = arguments.RequiredText("filename");
        var offset = arguments.WholeNumber("offset", long.MinValue, long.MaxValue) ?? 0;
        if (offset < 0)
        {
            throw new RpcException(RpcErrorCode.BadRequest, "illegal offset");
        }
        var wished = arguments.WholeNumber("len", long.MinValue, long.MaxValue) ?? -1;
        var path = Resolve(name);
        RefuseSecret(name);
        if (volume.Find(path) is not { Kind: EntryKind.File })
        {
            throw new RpcException(RpcErrorCode.BadRequest, $"failed to open file \"{name}\"");
        }
        using var file = volume.OpenRead(path);
        var rest = Math.Max(0, file.Length - offset);
        var bytes = new byte[(int)Math.Min(MostGetBytes, wished < 0 ? rest : Math.Min(wished, rest))];
        var length = 0;
        while (length < bytes.Length && file.Read(bytes.AsSpan(length), offset + length) is > 0 and var count)
        {
            length += count;
        }
        return new JsonObject
        {
            ["data"] = Convert.ToBase64String(bytes.AsSpan(0, length)),
            ["left"] = rest - length,
        };
    }

    private void Put(RpcArguments arguments)
    {
        var plain = FsPath.Plain(arguments.RequiredText("filename"));
        var path = FsPath.OnVolume(volume, Slot, plain);
        var data = arguments.Bytes("data") ?? [];
        var offset = arguments.WholeNumber("offset", 0, long.MaxValue);
        var append = offset is null && (arguments.Flag("append") ?? false);
        if (offset is null or 0 && !append)
        {
            files!.Replace(plain, data);
            return;
        }
        if (volume.Find(path) is null && append)
        {
            files!.Create(plain);
        }
        using var file = volume.OpenWrite(path);
        if (offset > file.Length)
        {
            throw new RpcException(RpcErrorCode.BadRequest, FormattableString.Invariant($"failed to seek to {offset}: the file has {file.Length} bytes"));
        }
        file.Write(data, offset ?? file.Length);
        file.Flush();
    }

    private void Remove(RpcArguments arguments)
    {
        var path = FsPath.OnVolume(volume, Slot, FsPath.Plain(arguments.RequiredText("filename")), linkItself: true);
        if (path == SlotPaths.Files(Slot))
        {
            throw new RpcException(RpcErrorCode.BadRequest, "remove failed: the file system itself cannot be removed");
        }
        try
        {
            volume.Remove(path);
        }
        catch (StorageException fault)
        {
            throw new RpcException(RpcErrorCode.Internal, $"remove failed: {fault.Message}");
        }
        volume.FlushDirectory(VolumeTrees.Parent(path));
    }

    private void Rename(RpcArguments arguments)
    {
        var (from, to) = (arguments.Text("src"), arguments.Text("dst"));
        if (string.IsNullOrEmpty(from?.Trim('/')) || string.IsNullOrEmpty(to?.Trim('/')))
        {
            throw new RpcException(RpcErrorCode.BadRequest, "src and dst are required");
        }
        var (source, target) = (Resolve(from), Resolve(to));
        RefuseSecret(from);
        try
        {
            volume.Rename(source, target);
        }
        catch (StorageException fault)
        {
            throw new RpcException(RpcErrorCode.Internal, $"rename failed: {fault.Message}");
        }
        volume.FlushDirectory(VolumeTrees.Parent(target));
        if (VolumeTrees.Parent(source) != VolumeTrees.Parent(target))
        {
            volume.FlushDirectory(VolumeTrees.Parent(source));
        }
    }

    /// <summary>A file of passwords or keys can be replaced or removed, and not read, under this name or another.</summary>
    private void RefuseSecret(string name)
    {
        if (secrets.SettingOf(FsPath.Plain(name)) is { } setting)
        {
            throw new RpcException(RpcErrorCode.Forbidden, $"\"{name}\" is a file of passwords or keys ({setting}), which calls may replace and not read");
        }
    }

    private string Resolve(string text) => FsPath.OnVolume(volume, Slot, FsPath.Plain(text));

    private static Task<JsonNode?> Reading(Func<JsonNode> read)
    {
        try
        {
            return Task.FromResult<JsonNode?>(read());
        }
        catch (StorageException fault)
        {
            throw new RpcException(RpcErrorCode.Internal, fault.Message);
        }
    }

    private Task<JsonNode?> Writing(Action write)
    {
        _ = Slot;
        if (boot.Status().Armed)
        {
            throw new RpcException(
                RpcErrorCode.Failed, "an installed update waits for the restart; what is written now could be lost: restart, or revert to cancel it");
        }
        try
        {
            write();
            return Task.FromResult<JsonNode?>(null);
        }
        catch (StorageException fault)
        {
            throw new RpcException(RpcErrorCode.Internal, fault.Message);
        }
    }
}
