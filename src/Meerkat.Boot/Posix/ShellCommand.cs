using System.Globalization;
using System.Text;
using Meerkat.Core.Boot;

namespace Meerkat.Boot.Posix;

/// <summary>
/// Runs one line of shell as the firmware's user, with bounds on time and output. It has a session of its own; all of that is ended with
/// it, also what it left in the background.
/// </summary>
public static unsafe class ShellCommand
{
    /// <summary>Of what it prints, so much is kept; the rest is read and dropped.</summary>
    public const int MostOutputBytes = 4096;

    private const string Shell = "/bin/sh";
    private const int WaitOne = 1;

    /// <summary>In the environment of all that a command starts.</summary>
    private const string RunVariable = "MEERKAT_RUN";

    /// <summary>How long nothing may be there to read before the end is looked for.</summary>
    private const int LookMilliseconds = 50;

    private static long runs;

    /// <summary>Runs it to its end. The calling thread waits.</summary>
    /// <param name="line">For <c>/bin/sh -c</c>.</param>
    /// <param name="directory">It starts there.</param>
    /// <param name="user">Who it runs as. For somebody else this program must answer to <see cref="ExecLauncher.Switch"/>.</param>
    /// <param name="environment">Added to this program's own.</param>
    /// <param name="timeout">Then it is killed.</param>
    /// <param name="cancellationToken">Kills it at once.</param>
    /// <returns>How it ended, none when it was killed for want of time, and the begin of what it printed.</returns>
    /// <exception cref="IOException">It could not be started.</exception>
    public static (ExitStatus? End, string Output) Run(
        string line,
        string directory,
        UserId user,
        IReadOnlyDictionary<string, string> environment,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        // What is started dies with the thread that starts it, so that is one which waits for its end.
        (ExitStatus? End, string Output) result = default;
        IOException? problem = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = RunHere(line, directory, user, environment, timeout, cancellationToken);
            }
            catch (IOException fault)
            {
                problem = fault;
            }
        })
        {
            IsBackground = true,
            Name = "shell command",
        };
        thread.Start();
        thread.Join();
        return problem is null ? result : throw problem;
    }

    private static (ExitStatus? End, string Output) RunHere(
        string line,
        string directory,
        UserId user,
        IReadOnlyDictionary<string, string> environment,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        using var nothing = File.OpenHandle("/dev/null");
        var (readEnd, writeEnd) = Spawner.Pipe();
        var other = FirmwareUser.IsOther(user);
        var run = $"{Text(Environment.ProcessId)}-{Text(Interlocked.Increment(ref runs))}";
        int process;
        try
        {
            process = Spawner.Spawn(
                other ? Spawner.ThisProgram : Shell,
                other
                    ? [
                        "meerkat", ExecLauncher.Switch, Text(Environment.ProcessId), Text(user.User), Text(user.Group), directory,
                        Shell, "-c", line,
                    ]
                    : ["sh", "-c", line],
                Variables(new Dictionary<string, string>(environment) { [RunVariable] = run }),
                (int)nothing.DangerousGetHandle(),
                writeEnd,
                writeEnd,
                directory);
        }
        catch
        {
            _ = Libc.Close(readEnd);
            throw;
        }
        finally
        {
            _ = Libc.Close(writeEnd);
        }
        var output = new StringBuilder();
        using var over = new CancellationTokenSource();
        var reading = new Thread(() => Read(readEnd, output, over.Token)) { IsBackground = true, Name = "shell command's output" };
        reading.Start();
        using var late = new CancellationTokenSource(timeout);
        using (late.Token.Register(() => Libc.Kill(-process, Libc.SigKill)))
        using (cancellationToken.Register(() => Libc.Kill(-process, Libc.SigKill)))
        {
            // Left as a zombie, so that its number is nobody else's while it may still be killed.
            _ = Await(process, Libc.WaitExited | Libc.WaitNoWait);
        }
        _ = Libc.Kill(-process, Libc.SigKill);
        var end = Await(process, Libc.WaitExited);
        // What began a session of its own is known by its environment.
        ProcessTable.WithVariable(RunVariable, value => value == run).ForEach(daemon => Libc.Kill(daemon, Libc.SigKill));
        over.Cancel();
        reading.Join();
        var killed = end.Signal == Libc.SigKill && (late.IsCancellationRequested || cancellationToken.IsCancellationRequested);
        return (killed ? null : end, output.ToString().Trim());
    }

    private static ExitStatus Await(int process, int options)
    {
        var info = stackalloc byte[Reaper.SigInfoBytes];
        while (Libc.WaitId(WaitOne, process, info, options) != 0)
        {
            if (System.Runtime.InteropServices.Marshal.GetLastPInvokeError() != Libc.Interrupted)
            {
                throw new IOException("the command's end cannot be awaited; somebody else collected it");
            }
        }
        return Reaper.Read(new ReadOnlySpan<byte>(info, Reaper.SigInfoBytes)).Status;
    }

    /// <summary>Reads to the end, or until the command is over and nothing more is there: something else may hold the pipe for ever.</summary>
    private static void Read(int readEnd, StringBuilder output, CancellationToken over)
    {
        var block = stackalloc byte[MostOutputBytes];
        var decoder = Encoding.UTF8.GetDecoder();
        var characters = new char[MostOutputBytes + 1];
        while (true)
        {
            var last = over.IsCancellationRequested;
            var asked = new Libc.PollDescriptor { Descriptor = readEnd, Events = Libc.PollIn };
            if (Libc.Poll(&asked, 1, last ? 0 : LookMilliseconds) <= 0)
            {
                if (last)
                {
                    break;
                }
                continue;
            }
            if (Libc.Read(readEnd, block, MostOutputBytes) is not (> 0 and var count))
            {
                break;
            }
            if (output.Length < MostOutputBytes)
            {
                var decoded = decoder.GetChars(new ReadOnlySpan<byte>(block, (int)count), characters, flush: false);
                // What cannot be shown must not reach a terminal or a page either.
                var shown = characters.AsSpan(0, Math.Min(decoded, MostOutputBytes - output.Length));
                foreach (ref var character in shown)
                {
                    character = char.IsControl(character) && character is not ('\n' or '\t') ? '\uFFFD' : character;
                }
                output.Append(shown);
            }
        }
        _ = Libc.Close(readEnd);
    }

    private static List<string> Variables(Dictionary<string, string> added)
    {
        var all = Environment.GetEnvironmentVariables();
        return
        [
            .. all.Keys.Cast<string>().Where(name => name != "NOTIFY_SOCKET" && !added.ContainsKey(name)).Select(name => $"{name}={all[name]}"),
            .. added.Select(pair => $"{pair.Key}={pair.Value}"),
        ];
    }

    private static string Text<T>(T number)
        where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);
}
