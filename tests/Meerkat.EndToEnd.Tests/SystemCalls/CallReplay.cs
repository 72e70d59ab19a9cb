using System.Globalization;
using System.Text.RegularExpressions;
using Meerkat.Simulator.Medium;
using Meerkat.Storage;

namespace Meerkat.EndToEnd.Tests.SystemCalls;

/// <summary>
/// Does to a simulated medium what system calls did to a real directory. Left out: <c>log/</c>, which no promise rests on, and sockets.
/// A call whose effect it does not know is an error.
/// </summary>
/// <param name="medium">A copy of the directory as it was before the first call.</param>
/// <param name="root">The directory, absolute.</param>
/// <param name="umask">Of the programs, as they were started.</param>
internal sealed partial class CallReplay(SimVolume medium, string root, int umask)
{
    private readonly Dictionary<(int Thread, long Descriptor), string> opened = [];
    private readonly Dictionary<string, long> positions = new(StringComparer.Ordinal);
    private readonly HashSet<string> appending = new(StringComparer.Ordinal);

    /// <summary>When the call was done that is being replayed; gives files their times.</summary>
    public DateTimeOffset Now { get; private set; } = DateTimeOffset.UnixEpoch;

    /// <exception cref="FormatException">The call's effect is not known, or not all of its bytes.</exception>
    public void Take(TraceEvent.Call call)
    {
        Now = call.At;
        if (call.Result < 0)
        {
            return;
        }
        try
        {
            Do(call);
        }
        catch (Exception fault) when (fault is FormatException or StorageException or MisuseException or ArgumentOutOfRangeException)
        {
            throw new FormatException($"line {call.Line} of the trace, {call.Name}({Words(call)}): {fault.Message}", fault);
        }
    }

    private void Do(TraceEvent.Call call)
    {
        var arguments = call.Arguments;
        switch (call.Name)
        {
            case "open":
                Open(call, arguments[1], arguments.Count > 2 ? arguments[2] : "0");
                break;
            case "openat":
                Open(call, arguments[2], arguments.Count > 3 ? arguments[3] : "0");
                break;
            case "openat2":
                Demand(!arguments[2].Contains("O_CREAT", StringComparison.Ordinal) && !arguments[2].Contains("O_TRUNC", StringComparison.Ordinal), call);
                break;
            case "pwrite64":
                Write(File(arguments[0]), TraceText.Bytes(arguments[1]), call.Result, TraceText.Number(arguments[3]));
                break;
            case "pwritev" or "pwritev2":
                Write(File(arguments[0]), TraceText.Buffers(arguments[1]), call.Result, TraceText.Number(arguments[3]));
                break;
            case "write" when File(arguments[0]) is { } file:
                Write(file, TraceText.Bytes(arguments[1]), call.Result, Position(file, call.Result));
                break;
            case "writev" when File(arguments[0]) is { } file:
                Write(file, TraceText.Buffers(arguments[1]), call.Result, Position(file, call.Result));
                break;
            case "write" or "writev":
                break;
            case "copy_file_range" when File(arguments[2]) is { } file:
                Demand(arguments[1] == "NULL" && arguments[3] == "NULL", call);
                Copy(File(arguments[0]), file, call.Result);
                break;
            case "ftruncate" when File(arguments[0]) is { } file:
                using (var open = medium.OpenWrite(file))
                {
                    open.Truncate(TraceText.Number(arguments[1]));
                }
                break;
            case "rename":
                Rename(Place(arguments[0]), Place(arguments[1]), call);
                break;
            case "renameat" or "renameat2":
                Demand(!call.Arguments[^1].Contains("RENAME_EXCHANGE", StringComparison.Ordinal), call);
                Rename(Place(arguments[0], arguments[1]), Place(arguments[2], arguments[3]), call);
                break;
            case "unlink" or "rmdir":
                Remove(Place(arguments[0]));
                break;
            case "unlinkat":
                Remove(Place(arguments[0], arguments[1]));
                break;
            case "mkdir":
                MakeDirectory(Place(arguments[0]), arguments[1]);
                break;
            case "mkdirat":
                MakeDirectory(Place(arguments[0], arguments[1]), arguments[2]);
                break;
            case "symlink" when Place(arguments[1]) is { } link:
                medium.CreateLink(link, TraceText.Text(arguments[0]));
                break;
            case "symlinkat" when Place(arguments[1], arguments[2]) is { } link:
                medium.CreateLink(link, TraceText.Text(arguments[0]));
                break;
            case "chmod":
                SetMode(OwnDescriptor(call.Thread, TraceText.Text(arguments[0])) ?? Place(arguments[0]), arguments[1]);
                break;
            case "fchmod":
                SetMode(File(arguments[0]), arguments[1]);
                break;
            case "fchmodat":
                SetMode(Place(arguments[0], arguments[1]), arguments[2]);
                break;
            case "fchown":
                SetOwner(File(arguments[0]), arguments[1], arguments[2]);
                break;
            case "fchownat":
                SetOwner(Place(arguments[0], arguments[1]), arguments[2], arguments[3]);
                break;
            case "utimensat":
                SetTime(arguments[1] == "NULL" ? File(arguments[0]) : Place(arguments[0], arguments[1]), arguments[2]);
                break;
            case "fsync" when File(arguments[0]) is { } file:
                Flush(file);
                break;
            case "symlink" or "symlinkat" or "fsync" or "ftruncate" or "copy_file_range" or "execve":
                break;
            case "syncfs":
                // Used to have the medium begin early, and no promise rests on it: a device that relied on it would be found.
                break;
            default:
                Demand(!Concerns(call), call);
                break;
        }
    }

    private void Open(TraceEvent.Call call, string flags, string mode)
    {
        if (call.ResultPath is not { } found)
        {
            return;
        }
        opened[(call.Thread, call.Result)] = found.Path;
        if (found.Deleted || Inside(found.Path) is not { } path || flags.Contains("O_PATH", StringComparison.Ordinal))
        {
            return;
        }
        positions[path] = 0;
        if (flags.Contains("O_APPEND", StringComparison.Ordinal))
        {
            appending.Add(path);
        }
        else
        {
            appending.Remove(path);
        }
        var entry = medium.Find(path);
        if (entry is null && flags.Contains("O_CREAT", StringComparison.Ordinal))
        {
            medium.Create(path, (int)TraceText.Number(mode) & ~umask).Dispose();
        }
        else if (entry is { Bytes: > 0 } && flags.Contains("O_TRUNC", StringComparison.Ordinal))
        {
            using var file = medium.OpenWrite(path);
            file.Truncate(0);
        }
        else if (entry is null)
        {
            throw new FormatException($"{path} was opened, and nothing was seen to make it");
        }
    }

    private void Write(string? path, byte[] bytes, long count, long offset)
    {
        if (path is null || count == 0)
        {
            return;
        }
        if (count > bytes.Length)
        {
            throw new FormatException($"{count} bytes were written, and the trace holds {bytes.Length}");
        }
        using var file = medium.OpenWrite(path);
        file.Write(bytes.AsSpan(0, (int)count), offset);
    }

    private void Copy(string? from, string to, long count)
    {
        if (count == 0)
        {
            return;
        }
        var bytes = new byte[count];
        using (var source = medium.OpenRead(from ?? throw new FormatException("copied from outside the device, so its bytes are not known")))
        {
            if (source.Read(bytes, Position(from, count)) != count)
            {
                throw new FormatException($"{count} bytes were copied, and {from} does not hold so many");
            }
        }
        Write(to, bytes, count, Position(to, count));
    }

    /// <summary>Where a write without an offset goes. One program writes a file at a time; another would show in the end.</summary>
    private long Position(string path, long count)
    {
        var position = appending.Contains(path) ? medium.Find(path)!.Value.Bytes : positions.GetValueOrDefault(path);
        positions[path] = position + count;
        return position;
    }

    private void Rename(string? from, string? to, TraceEvent.Call call)
    {
        if (from is null && to is null)
        {
            return;
        }
        Demand(from is not null && to is not null, call);
        medium.Rename(from!, to!);
    }

    private void Remove(string? path)
    {
        if (path is not null)
        {
            medium.Remove(path);
        }
    }

    private void MakeDirectory(string? path, string mode)
    {
        if (path is not null)
        {
            medium.CreateDirectory(path, (int)TraceText.Number(mode) & ~umask);
        }
    }

    private void SetMode(string? path, string mode) => Change(path, old => old with { Mode = (int)TraceText.Number(mode) });

    private void SetOwner(string? path, string user, string group) => Change(path, old => old with
    {
        User = user == "-1" ? old.User : (uint)TraceText.Number(user),
        Group = group == "-1" ? old.Group : (uint)TraceText.Number(group),
    });

    private void SetTime(string? path, string times) => Change(path, old =>
    {
        var time = Time().Matches(times);
        if (times == "NULL")
        {
            return old with { Modified = Now };
        }
        if (time.Count != 2)
        {
            throw new FormatException($"expected two times, found {times}");
        }
        var seconds = long.Parse(time[1].Groups["seconds"].ValueSpan, CultureInfo.InvariantCulture);
        var nanoseconds = long.Parse(time[1].Groups["nanoseconds"].ValueSpan, CultureInfo.InvariantCulture);
        return old with { Modified = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick) };
    });

    private void Change(string? path, Func<EntryAttributes, EntryAttributes> change)
    {
        if (path is not null)
        {
            var entry = medium.Find(path) ?? throw new FormatException($"{path} was changed, and nothing was seen to make it");
            medium.SetAttributes(path, change(entry.Attributes));
        }
    }

    private void Flush(string path)
    {
        if (medium.Find(path)?.Kind == EntryKind.Directory)
        {
            medium.FlushDirectory(path);
            return;
        }
        using var file = medium.OpenRead(path);
        file.Flush();
    }

    /// <summary>What a descriptor leads to, below the root; none when it is elsewhere, left out, or has lost its name.</summary>
    private string? File(string descriptor) =>
        TraceText.Path(descriptor) is { Deleted: false } found ? Inside(found.Path) : null;

    /// <summary>A path given by itself.</summary>
    private string? Place(string argument) => TraceText.Text(argument) is ['/', ..] and var path
        ? Inside(path)
        : throw new FormatException("the path is relative to a directory that the trace does not tell");

    /// <summary>A path given from a directory.</summary>
    private string? Place(string directory, string argument)
    {
        var path = TraceText.Text(argument);
        return path is ['/', ..]
            ? Inside(path)
            : Inside(Path.Combine((TraceText.Path(directory) ?? throw new FormatException("the directory has no path")).Path, path));
    }

    /// <summary>HostVolume reaches a file's mode by the descriptor's own path.</summary>
    private string? OwnDescriptor(int thread, string path)
    {
        const string own = "/proc/self/fd/";
        return path.StartsWith(own, StringComparison.Ordinal)
            ? Inside(opened[(thread, long.Parse(path[own.Length..], CultureInfo.InvariantCulture))])
            : null;
    }

    private string? Inside(string path)
    {
        path = Path.GetFullPath(path);
        return path == root ? ""
            : path.StartsWith(root + "/", StringComparison.Ordinal) && path[(root.Length + 1)..] is var below && !IsLeftOut(below) ? below
            : null;
    }

    public static bool IsLeftOut(string path) =>
        path.StartsWith("log/", StringComparison.Ordinal)
        || (path.StartsWith("run/", StringComparison.Ordinal) && path.EndsWith(".sock", StringComparison.Ordinal));

    /// <summary>Any of its arguments leads below the root, or may.</summary>
    private bool Concerns(TraceEvent.Call call) => call.Arguments.Any(argument => argument switch
    {
        ['"', .., '"'] => TraceText.Text(argument) is var path && (path is not ['/', ..] || Inside(path) is not null),
        // Where relative paths begin; those are seen above.
        ['A', 'T', '_', ..] => false,
        _ => File(argument) is not null,
    });

    private static void Demand(bool known, TraceEvent.Call call)
    {
        if (!known)
        {
            throw new FormatException($"what {call.Name} does to a device is not known here; teach {nameof(CallReplay)}");
        }
    }

    private static string Words(TraceEvent.Call call) => string.Join(", ", call.Arguments.Select(argument =>
        TraceText.Path(argument) is { } found ? found.Path
        : argument is ['"', .., '"'] ? (argument.Length < 1000 ? TraceText.Text(argument) : "...")
        : argument));

    [GeneratedRegex(@"tv_sec=(?<seconds>-?\d+), tv_nsec=(?<nanoseconds>\d+)")]
    private static partial Regex Time();
}
