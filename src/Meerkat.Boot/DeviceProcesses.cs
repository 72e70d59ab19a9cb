using System.Globalization;
using System.Text;
using Meerkat.Boot.Log;
using Meerkat.Boot.Posix;
using Meerkat.Core.Boot;
using Meerkat.Storage;

namespace Meerkat.Boot;

/// <summary>
/// Starts and ends what runs on the device. All of it descends from the boot loader, which takes in orphans, so it can
/// always be found and ended. To be used from one thread.
/// </summary>
internal sealed class DeviceProcesses : IDisposable
{
    /// <summary>In the environment of all that is started: which boot loader, of which root, it belongs to.</summary>
    public const string LifeVariable = "MEERKAT_LIFE";

    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan SayAgain = TimeSpan.FromSeconds(1);

    private readonly IVolume volume;
    private readonly string root;
    private readonly string life;
    private readonly Action waiting;
    private readonly Reaper reaper;
    private readonly object gate = new();
    private readonly HashSet<int> alive = [];
    private readonly Microsoft.Win32.SafeHandles.SafeFileHandle nothing = File.OpenHandle("/dev/null");
    private int guard;
    private int starts;

    /// <param name="volume">The device's root.</param>
    /// <param name="root">Its absolute path.</param>
    /// <param name="ended">Told of each process that has ended, on a thread of its own.</param>
    /// <param name="waiting">Called again and again while the caller waits for processes to end.</param>
    public DeviceProcesses(IVolume volume, string root, Action<int, ExitStatus> ended, Action waiting)
    {
        this.volume = volume;
        this.root = root;
        this.waiting = waiting;
        life = $"{Environment.ProcessId}:{ProcessTable.StartTime(Environment.ProcessId)}:{root}";
        _ = Libc.PrCtl(Libc.SetChildSubreaper, 1, 0, 0, 0);
        reaper = new Reaper((process, status) =>
        {
            lock (gate)
            {
                alive.Remove(process);
                Monitor.PulseAll(gate);
            }
            ended(process, status);
        });
        reaper.Start();
    }

    public void Dispose() => nothing.Dispose();

    /// <summary>Ends what an earlier boot loader on this root left behind.</summary>
    public void EndLeftovers()
    {
        LifeGuard.End(value => value.EndsWith(":" + root, StringComparison.Ordinal) && value != life);
        NotifySocket.RemoveLeftovers(volume);
    }

    /// <summary>Starts the process that ends all the others should the boot loader die of SIGKILL.</summary>
    public void StartGuard()
    {
        var (readEnd, writeEnd) = Spawner.Pipe();
        guard = Spawner.Spawn(
            Spawner.ThisProgram, ["meerkat-boot", LifeGuard.Switch, life], Variables(new Dictionary<string, string>()), readEnd, 2, -1);
        _ = Libc.Close(readEnd);
        // The other end stays open for this program's life; its closing is the message.
        _ = writeEnd;
        reaper.ChildStarted();
    }

    public bool IsGuard(int process) => process == guard;

    /// <summary>Starts a program; when it returns, the program runs.</summary>
    /// <exception cref="IOException">It could not be started; the message says why.</exception>
    public DeviceProcess Start(
        string image,
        IReadOnlyList<string> arguments,
        string directory,
        UserId? user,
        IReadOnlyDictionary<string, string> environment,
        string logPath,
        ConsoleOutput console,
        Action<NotifyMessage> notified)
    {
        var notify = new NotifySocket(
            volume, root, NotifySocket.NameOf(++starts), user ?? UserId.Current, notified);
        var (outputRead, outputWrite) = Spawner.Pipe();
        var (statusRead, statusWrite) = Spawner.Pipe();
        try
        {
            var process = SpawnCounted(
                [
                    "meerkat-boot", ExecLauncher.Switch, Text(Environment.ProcessId),
                    user is { } other ? Text(other.User) : ExecLauncher.Keep,
                    user is { } same ? Text(same.Group) : ExecLauncher.Keep,
                    directory, image, .. arguments,
                ],
                Variables(new Dictionary<string, string>(environment)
                {
                    [LifeVariable] = life,
                    ["NOTIFY_SOCKET"] = notify.Path,
                }),
                (int)nothing.DangerousGetHandle(),
                outputWrite,
                statusWrite);
            _ = Libc.Close(outputWrite);
            _ = Libc.Close(statusWrite);
            var output = new OutputLog(volume, logPath, outputRead, console, console.IsJournal ? ProgramLines.Of(environment) : null);
            var problem = ReadToEnd(statusRead);
            return problem.Length == 0 ? new DeviceProcess(process, notify, output) : throw new IOException(problem);
        }
        catch
        {
            notify.Dispose();
            throw;
        }
        finally
        {
            _ = Libc.Close(statusRead);
        }
    }

    /// <summary>Asks processes to end, waits, ends them, and then everything else below them that is still there.</summary>
    /// <param name="ending">The processes to ask.</param>
    /// <param name="spared">A process that goes on, with its descendants.</param>
    /// <param name="timeout">From SIGTERM to SIGKILL.</param>
    public void Stop(IReadOnlyList<DeviceProcess> ending, DeviceProcess? spared, TimeSpan timeout)
    {
        lock (gate)
        {
            // A number that has been collected may be somebody else's by now.
            foreach (var process in ending.Where(process => alive.Contains(process.Id)))
            {
                Signal(process.Id, Libc.SigTerm);
            }
        }
        AwaitEnd(ending, timeout);
        EndOrphans(spared);
        foreach (var process in ending)
        {
            process.Output.Drain(DrainTimeout);
            process.Notify.Dispose();
        }
    }

    /// <summary>Ends every descendant at once, except one program with all that it started.</summary>
    public void EndOrphans(DeviceProcess? spared)
    {
        var until = Environment.TickCount64 + (long)KillTimeout.TotalMilliseconds;
        while (Environment.TickCount64 < until)
        {
            var rest = ProcessTable.Descendants(Environment.ProcessId, spared?.Id);
            rest.Remove(guard);
            if (rest.Count == 0)
            {
                return;
            }
            rest.ForEach(process => Signal(process, Libc.SigKill));
            lock (gate)
            {
                Monitor.Wait(gate, LookAgain);
            }
        }
    }

    /// <summary>Counted as alive before the reaper can say that it has ended.</summary>
    private int SpawnCounted(IReadOnlyCollection<string> arguments, List<string> variables, int input, int output, int extra)
    {
        lock (gate)
        {
            var process = Spawner.Spawn(Spawner.ThisProgram, arguments, variables, input, output, extra);
            alive.Add(process);
            reaper.ChildStarted();
            return process;
        }
    }

    private void AwaitEnd(IReadOnlyList<DeviceProcess> ending, TimeSpan timeout)
    {
        var until = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        lock (gate)
        {
            while (ending.Any(process => alive.Contains(process.Id)) && until - Environment.TickCount64 is > 0 and var left)
            {
                var wait = TimeSpan.FromMilliseconds(left);
                Monitor.Wait(gate, wait < SayAgain ? wait : SayAgain);
                waiting();
            }
        }
    }

    private static void Signal(int process, int signal) => _ = Libc.Kill(process, signal);

    private static List<string> Variables(Dictionary<string, string> ours)
    {
        var all = Environment.GetEnvironmentVariables();
        return
        [
            .. all.Keys.Cast<string>()
                .Where(name => !ours.ContainsKey(name) && name is not ("NOTIFY_SOCKET" or "WATCHDOG_USEC" or "WATCHDOG_PID"))
                .Select(name => $"{name}={all[name]}"),
            .. ours.Select(pair => $"{pair.Key}={pair.Value}"),
        ];
    }

    private static unsafe string ReadToEnd(int descriptor)
    {
        var text = new StringBuilder();
        var buffer = stackalloc byte[512];
        while (Libc.Read(descriptor, buffer, 512) is > 0 and var count)
        {
            text.Append(Encoding.UTF8.GetString(buffer, (int)count));
        }
        return text.ToString();
    }

    private static string Text<T>(T number)
        where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);
}
