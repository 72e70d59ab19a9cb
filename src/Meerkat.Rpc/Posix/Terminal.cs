using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Meerkat.Rpc.Posix;

/// <summary>A terminal line as the system has it: termios(3), on the architectures of Linux that .NET runs on.</summary>
internal static partial class Terminal
{
    private const int ReadWrite = 2;
    private const int NoControllingTerminal = 0x100;
    private const int CloseOnExec = 0x80000;
    private const int Now = 0;

    private const short Input = 0x1;
    private const short HangUpOrError = 0x8 | 0x10 | 0x20;

    /// <summary>More than struct termios has on any of them (60 bytes).</summary>
    private const int StructBytes = 128;

    private const int ControlFlags = 8;
    private const uint SoftwareFlow = 0x400 | 0x1000;
    private const uint HardwareFlow = 0x80000000;
    private const uint LocalAndReading = 0x800 | 0x80;

    private static readonly Dictionary<int, uint> Speeds = new()
    {
        [1200] = 9, [2400] = 11, [4800] = 12, [9600] = 13, [19200] = 14, [38400] = 15, [57600] = 4097, [115200] = 4098,
        [230400] = 4099, [460800] = 4100, [500000] = 4101, [921600] = 4103, [1000000] = 4104, [1500000] = 4106, [2000000] = 4107,
    };

    public static IEnumerable<int> Rates => Speeds.Keys;

    /// <summary>Opens a line in raw mode, eight bits, no parity, one stop bit. It never becomes this process's own terminal.</summary>
    /// <param name="path">A device file.</param>
    /// <param name="rate">Bits a second, one of <see cref="Rates"/>.</param>
    /// <param name="softwareFlow">The peer may stop us with XOFF, and we it.</param>
    /// <param name="hardwareFlow">By RTS and CTS.</param>
    /// <exception cref="IOException">It is no terminal, or cannot be opened.</exception>
    public static SafeFileHandle Open(string path, int rate, bool softwareFlow, bool hardwareFlow)
    {
        var handle = OpenFile(path, ReadWrite | NoControllingTerminal | CloseOnExec);
        if (handle.IsInvalid)
        {
            throw Fault(path);
        }
        Span<byte> settings = stackalloc byte[StructBytes];
        settings.Clear();
        if (GetAttributes(handle, settings) != 0)
        {
            var fault = Fault(path);
            handle.Dispose();
            throw fault;
        }
        MakeRaw(settings);
        var flags = MemoryMarshal.Cast<byte, uint>(settings);
        flags[0] = softwareFlow ? flags[0] | SoftwareFlow : flags[0] & ~SoftwareFlow;
        ref var control = ref flags[ControlFlags / sizeof(uint)];
        control = (hardwareFlow ? control | HardwareFlow : control & ~HardwareFlow) | LocalAndReading;
        if (SetSpeed(settings, Speeds[rate]) != 0 || SetAttributes(handle, Now, settings) != 0)
        {
            var fault = Fault(path);
            handle.Dispose();
            throw fault;
        }
        return handle;
    }

    /// <summary>Waits for input. Null: the line is gone.</summary>
    public static bool? HasInput(SafeFileHandle line, TimeSpan most)
    {
        var added = false;
        line.DangerousAddRef(ref added);
        try
        {
            var one = new PollRequest { Descriptor = (int)line.DangerousGetHandle(), Events = Input };
            var ready = Poll(ref one, 1, (int)most.TotalMilliseconds);
            return ready <= 0 ? false : (one.Happened & Input) != 0 ? true : (one.Happened & HangUpOrError) != 0 ? null : false;
        }
        finally
        {
            line.DangerousRelease();
        }
    }

    private static IOException Fault(string path)
    {
        var number = Marshal.GetLastPInvokeError();
        return new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(number)}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetAttributes(SafeFileHandle line, Span<byte> settings);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetAttributes(SafeFileHandle line, int when, Span<byte> settings);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw(Span<byte> settings);

    [LibraryImport("libc", EntryPoint = "cfsetspeed", SetLastError = true)]
    private static partial int SetSpeed(Span<byte> settings, uint speed);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollRequest requests, nuint count, int milliseconds);

    private struct PollRequest
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }
}
