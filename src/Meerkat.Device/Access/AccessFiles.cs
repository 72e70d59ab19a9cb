using Meerkat.Boot;
using Meerkat.Core.Protocol;
using Meerkat.Core.Values;
using Meerkat.Storage;

namespace Meerkat.Device.Access;

/// <summary>The files that settings name to say who may in: passwords, access lists, certificates. They lie in the slot's file system.</summary>
public sealed class AccessFiles(IVolume volume, SlotId? slot)
{
    private const int MostBytes = 1 << 20;

    /// <summary>
    /// Read the copies of the last commit, which the firmware cannot reach: with the network settings of that commit, and in recovery,
    /// where there is nothing else.
    /// </summary>
    public bool Kept { get; set; } = slot is null;

    /// <summary>All of a file.</summary>
    /// <param name="name">The setting's value, a path in the file system.</param>
    /// <exception cref="IOException">It is missing, unreadable or longer than 1 MiB; the message says which, with the path.</exception>
    public byte[] Read(string name)
    {
        try
        {
            var path = Kept || slot is not { } some ? RunConfiguration.AccessCopy(name) : FsPath.OnVolume(volume, some, FsPath.Plain(name));
            return volume.ReadSmall(path, MostBytes) ?? throw new IOException($"{name} is missing ({path} in the device's directory)");
        }
        catch (Exception fault) when (fault is RpcException or StorageException)
        {
            throw new IOException($"{name} cannot be read: {fault.Message}", fault);
        }
    }
}
