using Meerkat.Core.Protocol;
using Meerkat.Core.Values;
using Meerkat.Device.Services;
using Meerkat.Storage;

namespace Meerkat.Device.Access;

/// <summary>The files that settings name to say who may in: passwords, access lists, certificates. They lie in the slot's file system.</summary>
public sealed class AccessFiles(IVolume volume, SlotId? slot)
{
    private const int MostBytes = 1 << 20;

    /// <summary>All of a file.</summary>
    /// <param name="name">The setting's value, a path in the file system.</param>
    /// <exception cref="IOException">It is missing, unreadable or longer than 1 MiB; the message says which, with the path.</exception>
    public byte[] Read(string name)
    {
        if (slot is not { } some)
        {
            throw new IOException($"{name} cannot be read: no firmware is running (recovery)");
        }
        try
        {
            var path = FsPath.OnVolume(volume, some, FsPath.Plain(name));
            return volume.ReadSmall(path, MostBytes) ?? throw new IOException($"{name} is missing in the firmware's file system ({path})");
        }
        catch (Exception fault) when (fault is RpcException or StorageException)
        {
            throw new IOException($"{name} cannot be read: {fault.Message}", fault);
        }
    }
}
