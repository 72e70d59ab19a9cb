using System.Runtime.InteropServices;

namespace Meerkat.Storage.Posix;

/// <summary>Whether the kernel has openat2(2), which resolves a path beneath a directory in one call (Linux 5.6).</summary>
public static partial class OpenAt2
{
    private const long Number = 437;
    private const ulong ResolveBeneath = 8;

    /// <summary>Asks the kernel, or what filters its calls, by opening the current directory.</summary>
    public static bool IsThere
    {
        get
        {
            var how = new OpenHow { Flags = Libc.OPath | Libc.OCloseOnExec, Resolve = ResolveBeneath };
            var descriptor = SysCall(Number, Libc.AtFdCwd, "."u8, ref how, (nuint)Marshal.SizeOf<OpenHow>());
            if (descriptor < 0)
            {
                return false;
            }
            _ = Libc.Close((int)descriptor);
            return true;
        }
    }

    // The C library has no function for it.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SysCall(long number, nint directory, ReadOnlySpan<byte> path, ref OpenHow how, nuint size);

    /// <summary>struct open_how.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }
}
