namespace Meerkat.EndToEnd.Tests.SystemCalls;

/// <summary>What strace has seen of one thread, at the moment at which it was done.</summary>
/// <param name="Line">Where it stands in the trace, counted from 1.</param>
/// <param name="Thread">The number of the thread; that of a process's first thread is the process's.</param>
/// <param name="At">When it was done.</param>
internal abstract record TraceEvent(int Line, int Thread, DateTimeOffset At)
{
    /// <summary>A system call that came back.</summary>
    /// <param name="Line">Where it ended.</param>
    /// <param name="Thread">Who called.</param>
    /// <param name="At">When it came back.</param>
    /// <param name="Name">Of the call.</param>
    /// <param name="Arguments">As strace writes them, with strings and paths in hexadecimal.</param>
    /// <param name="Result">What it returned: a number, negative when it failed.</param>
    /// <param name="ResultPath">Of the descriptor that it returned; none when it returned none.</param>
    public sealed record Call(
        int Line, int Thread, DateTimeOffset At, string Name, IReadOnlyList<string> Arguments, long Result, TracedPath? ResultPath)
        : TraceEvent(Line, Thread, At);

    /// <summary>A thread ended, and with its first one a process.</summary>
    /// <param name="Line">Where it is said.</param>
    /// <param name="Thread">Which.</param>
    /// <param name="At">When.</param>
    /// <param name="ExitCode">None when a signal ended it.</param>
    public sealed record Ended(int Line, int Thread, DateTimeOffset At, int? ExitCode) : TraceEvent(Line, Thread, At);
}
