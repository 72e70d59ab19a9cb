using Meerkat.Core.Protocol;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>Paths of <c>FS.*</c>: below the running slot's file system, and through no link.</summary>
public static class FsPath
{
    private const int MostCharacters = 1024;

    /// <summary>The path below <c>fs</c>, without slashes at its ends; empty for the top.</summary>
    /// <exception cref="RpcException">400: it leads out of the file system or is none.</exception>
    public static string Plain(string text)
    {
        var path = text.Trim('/');
        if (text.Length > MostCharacters || path.Contains('\0', StringComparison.Ordinal))
        {
            throw new RpcException(RpcErrorCode.BadRequest, "the path is too long or holds a zero character");
        }
        if (path.Length > 0 && path.Split('/').Any(name => name is "" or "." or ".."))
        {
            throw new RpcException(RpcErrorCode.BadRequest, $"illegal path \"{text}\": names may not be empty, . or ..");
        }
        return path;
    }

    /// <summary>The path on the volume.</summary>
    /// <param name="volume">The device's root.</param>
    /// <param name="slot">The running slot.</param>
    /// <param name="plain">Below <c>fs</c>.</param>
    /// <param name="linkItself">The last name may be a link, because the link itself is meant.</param>
    /// <exception cref="RpcException">400: a symbolic link stands on the way.</exception>
    public static string OnVolume(IVolume volume, SlotId slot, string plain, bool linkItself = false)
    {
        var at = SlotPaths.Files(slot);
        var end = $"{at}/{plain}";
        foreach (var name in plain.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at += "/" + name;
            if (!(linkItself && at == end) && volume.Find(at) is { Kind: EntryKind.Link })
            {
                throw new RpcException(RpcErrorCode.BadRequest, $"\"{plain}\" leads through a symbolic link ({name}), which is not followed");
            }
        }
        return at;
    }
}
