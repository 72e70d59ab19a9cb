using System.Runtime.InteropServices;

namespace Meerkat.EndToEnd.Tests.Harness.Endurance;

/// <summary>kill(2) without the time that starting a program takes: a step may last a millisecond.</summary>
internal static partial class Signals
{
    public const int Kill = 9;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <summary>A process that has ended in between is no matter.</summary>
    public static void Send(int process, int signal) => _ = SendTo(process, signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendTo(int process, int signal);
}
