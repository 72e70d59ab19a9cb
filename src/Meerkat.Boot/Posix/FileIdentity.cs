using System.Globalization;
using System.Runtime.InteropServices;

namespace Meerkat.Boot.Posix;

/// <summary>What tells one open file from every other.</summary>
internal static unsafe class FileIdentity
{
    private const int EmptyPath = 0x1000;
    private const uint InodeMask = 0x100;
    private const int StatxBytes = 256;
    private const int InodeOffset = 32;
    private const int DeviceOffset = 136;

    /// <summary><c>DEVICE:INODE</c> in decimal, as systemd writes it; empty for a descriptor that is not open.</summary>
    public static string Of(int descriptor)
    {
        // Its layout is the same on every architecture, unlike that of stat.
        var found = stackalloc byte[StatxBytes];
        byte nothing = 0;
        if (Libc.StatX(descriptor, &nothing, EmptyPath, InodeMask, found) != 0)
        {
            return "";
        }
        var all = new ReadOnlySpan<byte>(found, StatxBytes);
        var inode = MemoryMarshal.Read<ulong>(all[InodeOffset..]);
        ulong major = MemoryMarshal.Read<uint>(all[DeviceOffset..]);
        ulong minor = MemoryMarshal.Read<uint>(all[(DeviceOffset + sizeof(uint))..]);
        // makedev(3) of glibc.
        var device = ((major & 0xfff) << 8) | ((major & ~0xffful) << 32) | (minor & 0xff) | ((minor & ~0xfful) << 12);
        return string.Create(CultureInfo.InvariantCulture, $"{device}:{inode}");
    }
}
