using System.Globalization;
using System.Text.RegularExpressions;

namespace Meerkat.EndToEnd.Tests.SystemCalls;

/// <summary>
/// The output of <c>strace -f -y -xx -ttt -T</c>: calls in the order in which they came back. One that others interrupted stands in
/// two pieces, which are put together.
/// </summary>
internal static partial class CallTrace
{
    /// <summary>All that changes names, bytes or attributes of files, or makes them durable; and the starts of programs.</summary>
    private static readonly string[] Traced =
    [
        "open", "openat", "openat2", "creat", "write", "pwrite64", "writev", "pwritev", "pwritev2", "truncate", "ftruncate", "fallocate",
        "copy_file_range", "sendfile", "splice", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat",
        "symlink", "symlinkat", "link", "linkat", "mknod", "mknodat", "chmod", "fchmod", "fchmodat", "chown", "lchown", "fchown", "fchownat",
        "utime", "utimes", "futimesat", "utimensat", "fsync", "fdatasync", "sync", "syncfs", "execve",
    ];

    /// <summary>A script that runs a program with its own arguments, under strace and with its own process number.</summary>
    public static string Script(string program, string trace) =>
        $"""
        #!/bin/sh
        exec strace -D -q -f --seccomp-bpf -y -xx -ttt -T -s 16777216 -e trace={string.Join(',', Traced)} -o '{trace}' '{program}' "$@"

        """;

    /// <exception cref="FormatException">A line is not as expected, or a call never came back.</exception>
    public static IEnumerable<TraceEvent> Read(string path)
    {
        var begun = new Dictionary<int, string>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            var parts = Line().Match(line);
            if (!parts.Success)
            {
                throw Wrong(number, "expected a thread, a time and a call", line);
            }
            var thread = int.Parse(parts.Groups["thread"].ValueSpan, CultureInfo.InvariantCulture);
            var at = DateTimeOffset.UnixEpoch.AddTicks(
                (long)(decimal.Parse(parts.Groups["time"].ValueSpan, CultureInfo.InvariantCulture) * TimeSpan.TicksPerSecond));
            var text = parts.Groups["text"].Value;
            if (text.StartsWith("---", StringComparison.Ordinal))
            {
                continue;
            }
            if (Ended().Match(text) is { Success: true } ended)
            {
                begun.Remove(thread);
                yield return new TraceEvent.Ended(
                    number, thread, at, ended.Groups["code"] is { Success: true, Value: var code } ? int.Parse(code, CultureInfo.InvariantCulture) : null);
                continue;
            }
            if (Unfinished().Match(text) is { Success: true } unfinished)
            {
                begun[thread] = unfinished.Groups["begin"].Value;
                continue;
            }
            var inPieces = Resumed().Match(text);
            if (inPieces.Success)
            {
                text = begun.Remove(thread, out var begin)
                    ? begin + inPieces.Groups["end"].Value
                    : throw Wrong(number, "this call was never begun", line);
            }
            if (Call(number, thread, at, text, inPieces.Success) is { } call)
            {
                yield return call;
            }
        }
    }

    private static TraceEvent.Call? Call(int number, int thread, DateTimeOffset at, string text, bool inPieces)
    {
        var call = Whole().Match(text);
        if (!call.Success)
        {
            throw Wrong(number, "expected a call with its result", text);
        }
        var result = call.Groups["result"].Value;
        if (result == "?")
        {
            // Its process ended in the middle. Nothing durable can rest on a call that never came back.
            return null;
        }
        var took = call.Groups["took"] is { Success: true } time ? decimal.Parse(time.ValueSpan, CultureInfo.InvariantCulture) : 0;
        // A line that was not interrupted bears the time of its beginning.
        return new TraceEvent.Call(
            number,
            thread,
            inPieces ? at : at.AddTicks((long)(took * TimeSpan.TicksPerSecond)),
            call.Groups["name"].Value,
            TraceText.Split(call.Groups["arguments"].ValueSpan),
            TraceText.Number(result),
            TraceText.Path(call.Groups["path"].Value));
    }

    private static FormatException Wrong(int number, string problem, string line) =>
        new($"line {number} of the trace: {problem}: {(line.Length > 300 ? line[..300] + "..." : line)}");

    [GeneratedRegex(@"^(?<thread>\d+) +(?<time>\d+\.\d+) (?<text>.*)$")]
    private static partial Regex Line();

    [GeneratedRegex(@"^\+\+\+ (exited with (?<code>\d+)|.*) \+\+\+$")]
    private static partial Regex Ended();

    [GeneratedRegex(@"^(?<begin>.*) <unfinished \.\.\.>$")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"^<\.\.\. \w+ resumed>(?<end>.*)$")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"^(?<name>\w+)\((?<arguments>.*)\) += (?<result>\?|-?(0x)?[0-9a-f]+)(?<path><[^ ]*>(\(deleted\))?)?( [^<]*)?( <((?<took>[\d.]+)|unavailable)>)?$")]
    private static partial Regex Whole();
}
