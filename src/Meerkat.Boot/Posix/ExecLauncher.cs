using System.Globalization;
using System.Runtime.InteropServices;

namespace Meerkat.Boot.Posix;

/// <summary>
/// The second half of a start, in the new process: <c>meerkat-boot --exec PARENT USER GROUP DIRECTORY PROGRAM [ARGUMENT...]</c>
/// takes on what the program must run with and becomes it. Descriptor 3 tells the parent what went wrong; it closes when
/// the program runs.
/// </summary>
public static unsafe class ExecLauncher
{
    public const string Switch = "--exec";

    internal const string Keep = "-";

    private const int StatusDescriptor = 3;
    private const int FirstArgument = 5;
    private const int Failed = 127;
    private const int SignalCount = 64;

    public static int Run(IReadOnlyList<string> words)
    {
        _ = Libc.FCntl(StatusDescriptor, Libc.SetDescriptorFlags, Libc.DescriptorCloseOnExec);
        var (parent, user, group, directory, program) = (words[0], words[1], words[2], words[3], words[4]);
        TryReset("/proc/self/oom_score_adj");
        if (user != Keep)
        {
            var gid = uint.Parse(group, CultureInfo.InvariantCulture);
            Check(Libc.SetGroups(1, &gid), "set the groups");
            Check(Libc.SetGroup(gid), "set the group " + group);
            Check(Libc.SetUser(uint.Parse(user, CultureInfo.InvariantCulture)), "set the user " + user);
        }
        // After the change of user, which clears it.
        _ = Libc.PrCtl(Libc.SetParentDeathSignal, Libc.SigKill, 0, 0, 0);
        if (Libc.GetParent() != int.Parse(parent, CultureInfo.InvariantCulture))
        {
            return Failed;
        }
        _ = Libc.UMask(0x12);
        fixed (byte* path = CString(directory))
        {
            Check(Libc.ChDir(path), "enter " + directory);
        }
        // What the runtime ignores (SIGPIPE) would be ignored by the program too.
        for (var signal = 1; signal <= SignalCount; signal++)
        {
            if (signal is not (Libc.SigKill or 19))
            {
                _ = Libc.Signal(signal, 0);
            }
        }
        _ = Libc.CloseRange(StatusDescriptor + 1, uint.MaxValue, 4);
        var environment = Environment.GetEnvironmentVariables();
        var variables = environment.Keys.Cast<string>().Select(name => $"{name}={environment[name]}").ToList();
        using var arguments = new CStrings([program, .. words.Skip(FirstArgument)]);
        using var variableStrings = new CStrings(variables);
        fixed (byte* path = CString(program))
        {
            _ = Libc.ExecVe(path, arguments.Pointers, variableStrings.Pointers);
        }
        return Fail("execute " + program);
    }

    private static void Check(int result, string action)
    {
        if (result != 0)
        {
            Environment.Exit(Fail(action));
        }
    }

    private static int Fail(string action)
    {
        var reason = $"cannot {action}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}";
        fixed (byte* text = CString(reason))
        {
            _ = Libc.Write(StatusDescriptor, text, System.Text.Encoding.UTF8.GetByteCount(reason));
        }
        return Failed;
    }

    /// <summary>The boot loader hides from the out-of-memory killer; what it starts must not.</summary>
    private static void TryReset(string path)
    {
        try
        {
            System.IO.File.WriteAllText(path, "0");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Not allowed to hide, so there is nothing to reset.
        }
    }

    private static byte[] CString(string text) => System.Text.Encoding.UTF8.GetBytes(text + "\0");
}
