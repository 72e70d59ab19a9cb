using System.Runtime.InteropServices;

namespace Meerkat.Boot.Posix;

/// <summary>
/// Starts processes. .NET's own Process class cannot: it knows no sessions, hides which signal ended a child, and a
/// parent-death signal would follow whichever thread happened to spawn. Call it from one thread that lives as long as
/// the program.
/// </summary>
internal static unsafe class Spawner
{
    /// <summary>This very program, also when a newer one has since been installed in its place: the two halves of a start belong together.</summary>
    public const string ThisProgram = "/proc/self/exe";

    // glibc's types are 76 to 336 bytes long, depending on the processor; more is harmless.
    private const int OpaqueBytes = 512;
    private const int SignalSetBytes = 128;
    private const int PathLimit = 4096;

    /// <summary>Starts a program in a session of its own, with all signals at their defaults.</summary>
    /// <param name="program">Absolute path.</param>
    /// <param name="arguments">With the program's name first.</param>
    /// <param name="environment">As <c>NAME=value</c>.</param>
    /// <param name="input">The descriptor that becomes standard input.</param>
    /// <param name="output">The one that becomes standard output and error.</param>
    /// <param name="extra">One more that the child finds as descriptor 3; -1 for none.</param>
    /// <param name="directory">Where it starts; none: here.</param>
    /// <returns>The process id.</returns>
    /// <exception cref="IOException">It could not be started.</exception>
    public static int Spawn(
        string program,
        IReadOnlyCollection<string> arguments,
        IReadOnlyCollection<string> environment,
        int input,
        int output,
        int extra,
        string? directory = null)
    {
        var actions = stackalloc byte[OpaqueBytes];
        var attributes = stackalloc byte[OpaqueBytes];
        var allSignals = stackalloc byte[SignalSetBytes];
        var noSignals = stackalloc byte[SignalSetBytes];
        new Span<byte>(allSignals, SignalSetBytes).Fill(0xFF);
        new Span<byte>(noSignals, SignalSetBytes).Clear();
        _ = Libc.FileActionsInit(actions);
        _ = Libc.SpawnAttributesInit(attributes);
        using var argumentStrings = new CStrings(arguments);
        using var environmentStrings = new CStrings(environment);
        var path = Marshal.StringToCoTaskMemUTF8(program.Length < PathLimit ? program : "");
        var start = Marshal.StringToCoTaskMemUTF8(directory);
        try
        {
            _ = Libc.FileActionsAddDup2(actions, input, 0);
            _ = Libc.FileActionsAddDup2(actions, output, 1);
            _ = Libc.FileActionsAddDup2(actions, output, 2);
            if (extra >= 0)
            {
                _ = Libc.FileActionsAddDup2(actions, extra, 3);
            }
            if (start != 0)
            {
                _ = Libc.FileActionsAddChDir(actions, (byte*)start);
            }
            _ = Libc.SpawnAttributesSetSignalDefaults(attributes, allSignals);
            _ = Libc.SpawnAttributesSetSignalMask(attributes, noSignals);
            const int flags = Libc.SpawnSetSignalDefaults | Libc.SpawnSetSignalMask | Libc.SpawnSetSession;
            _ = Libc.SpawnAttributesSetFlags(attributes, flags);
            int process;
            var errno = Libc.PosixSpawn(
                &process, (byte*)path, actions, attributes, argumentStrings.Pointers, environmentStrings.Pointers);
            return errno == 0
                ? process
                : throw new IOException($"cannot start {program}: {Marshal.GetPInvokeErrorMessage(errno)}");
        }
        finally
        {
            Marshal.FreeCoTaskMem(path);
            Marshal.FreeCoTaskMem(start);
            _ = Libc.FileActionsDestroy(actions);
            _ = Libc.SpawnAttributesDestroy(attributes);
        }
    }

    /// <summary>A pipe whose ends no child inherits unless they are handed over.</summary>
    public static (int ReadEnd, int WriteEnd) Pipe()
    {
        var ends = stackalloc int[2];
        return Libc.Pipe2(ends, Libc.CloseOnExec) == 0
            ? (ends[0], ends[1])
            : throw new IOException($"cannot make a pipe: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
    }
}
