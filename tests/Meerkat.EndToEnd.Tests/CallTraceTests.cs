using Meerkat.EndToEnd.Tests.SystemCalls;

namespace Meerkat.EndToEnd.Tests;

/// <summary>What strace writes, and what may not be taken from it.</summary>
public sealed class CallTraceTests
{
    [Fact]
    public void InterruptedCall_CountsWhenItCameBack()
    {
        var events = Read(
            """
            10 1000.000001 pwrite64(5</tmp>, "\x61\x2c"..., 2 <unfinished ...>
            11 1000.000002 fsync(6<\x2f\x61>) = -1 EIO (Input/output error) <0.500000>
            10 1000.000003 --- SIGCHLD {si_signo=SIGCHLD} ---
            10 1000.000004 <... pwrite64 resumed>, 7) = 2 <0.000003>
            11 1000.000005 +++ exited with 7 +++
            """);

        Assert.Equal(
            ["11 fsync -1 1000.500002", "10 pwrite64 2 1000.000004"],
            events.OfType<TraceEvent.Call>().Select(call => FormattableString.Invariant(
                $"{call.Thread} {call.Name} {call.Result} {(call.At - DateTimeOffset.UnixEpoch).TotalSeconds:F6}")));
        Assert.Equal(["6<\\x2f\\x61>"], ((TraceEvent.Call)events[0]).Arguments);
        Assert.Equal(4, ((TraceEvent.Call)events[1]).Arguments.Count);
        Assert.Equal(7, Assert.IsType<TraceEvent.Ended>(events[2]).ExitCode);
    }

    [Fact]
    public void BytesThatStraceLeftOut_AreAnError()
    {
        Assert.Equal("a,"u8.ToArray(), TraceText.Bytes("\"\\x61\\x2c\""));
        Assert.Throws<FormatException>(() => TraceText.Bytes("\"\\x61\\x2c\"..."));
        Assert.Throws<FormatException>(() => TraceText.Buffers("[{iov_base=\"\\x61\"..., iov_len=2}]"));
        Assert.Throws<FormatException>(() => TraceText.Buffers("[{iov_base=\"\\x61\", iov_len=1}, ...]"));
        Assert.Equal("ab"u8.ToArray(), TraceText.Buffers("[{iov_base=\"\\x61\", iov_len=1}, {iov_base=\"\\x62\", iov_len=1}]"));
    }

    [Fact]
    public void LineThatIsNoCall_IsAnError() => Assert.Throws<FormatException>(() => Read("10 1000.000001 pwrite64(5"));

    private static TraceEvent[] Read(string text)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, text);
            return [.. CallTrace.Read(path)];
        }
        finally
        {
            File.Delete(path);
        }
    }
}
