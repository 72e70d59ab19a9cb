using System.Text;
using Meerkat.Boot.Link;
using Meerkat.Core.Boot;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>A device's root directory: its volume and its board, opened and looked at once.</summary>
public sealed class DeviceRoot : IDisposable
{
    /// <summary>The longest root whose sockets the system can still name (sun_path holds 108 bytes).</summary>
    public const int LongestPath = 80;

    public const string BoardPath = "board.json";
    public const string LockPath = "boot/lock";
    public const string DataPath = "data";

    private const int MostBoardBytes = 1 << 20;
    private const int PublicMode = 0x1ED;

    private readonly Func<BootLink> connect;

    /// <param name="path">Absolute.</param>
    /// <param name="volume">The directory at the path, or what stands in for one.</param>
    /// <param name="board">What kind of device this is.</param>
    /// <param name="connect">The way to the boot loader that runs it.</param>
    public DeviceRoot(string path, IVolume volume, Board board, Func<BootLink> connect)
    {
        Path = path;
        Volume = volume;
        Board = board;
        this.connect = connect;
    }

    /// <summary>Absolute.</summary>
    public string Path { get; }

    public IVolume Volume { get; }

    public Board Board { get; }

    /// <exception cref="BootRefusedException">It is no device's root, or its board cannot be read.</exception>
    public static DeviceRoot Open(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        full = full.Length > 1 ? full.TrimEnd('/') : full;
        if (Encoding.UTF8.GetByteCount(full) > LongestPath)
        {
            throw new BootRefusedException(
                $"the path {full} is too long: at most {LongestPath} bytes, so that sockets below it have names");
        }
        HostVolume? volume = null;
        try
        {
            volume = new HostVolume(full);
            var text = volume.ReadSmall(BoardPath, MostBoardBytes)
                ?? throw new BootRefusedException(
                    $"{full} has no board.json; make a device with: meerkat device init {path} FIRMWARE.zip");
            return new DeviceRoot(full, volume, Board.Parse(text), () => BootLink.Connect(full));
        }
        catch (StorageException fault)
        {
            volume?.Dispose();
            throw new BootRefusedException($"{full} is no device: {fault.Message}; make one with: meerkat device init");
        }
        catch (FormatException fault)
        {
            volume?.Dispose();
            throw new BootRefusedException($"{full}/{fault.Message}");
        }
    }

    /// <summary>Makes the directories that a device has besides its slots.</summary>
    public static void MakeDirectories(IVolume volume)
    {
        foreach (var name in (string[])["boot", SlotPaths.All, DataPath, "run", "log"])
        {
            volume.EnsureDirectory(name, PublicMode);
        }
        volume.FlushDirectory("");
    }

    /// <exception cref="System.Net.Sockets.SocketException">No boot loader runs on this root.</exception>
    public BootLink Connect() => connect();

    /// <summary>Makes this program the one boot loader of the device, as long as the handle lives; none when there is another.</summary>
    public IDisposable? TryLock()
    {
        try
        {
            Volume.EnsureDirectory(VolumeTrees.Parent(LockPath), PublicMode);
        }
        catch (StorageException)
        {
            // A medium that cannot be written does not keep the device from starting; it is locked another way then.
        }
        return ((HostVolume)Volume).TryLock(LockPath);
    }

    public void Dispose() => (Volume as IDisposable)?.Dispose();
}
