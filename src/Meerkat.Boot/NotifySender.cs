using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Meerkat.Boot;

/// <summary>
/// The sending end of systemd's notify protocol (sd_notify(3)): tells who supervises the boot loader how it does. It has no
/// thread of its own: pings come from the supervising thread, between events and between storage operations, so that one
/// that is stuck sends none. To be used from that thread.
/// </summary>
internal sealed class NotifySender : IDisposable
{
    /// <summary>Until it is ready, and again when it stops, each ping asks for so much more time than was allowed.</summary>
    private static readonly TimeSpan Extension = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan ExtendEvery = TimeSpan.FromSeconds(15);

    /// <summary>A supervisor that does not read must not hold up a device.</summary>
    private const int SendTimeoutMilliseconds = 1000;

    private readonly TimeProvider clock;
    private readonly UnixDomainSocketEndPoint? address;
    private readonly Socket? socket;
    private readonly TimeSpan? watchdog;
    private readonly long start;

    private TimeSpan nextPing;
    private bool ready;
    private bool stopping;

    /// <param name="clock">Measures the time between pings.</param>
    /// <param name="path">As in <c>NOTIFY_SOCKET</c>: absolute, or an abstract name after <c>@</c>; anything else: nobody is told.</param>
    /// <param name="watchdogMicroseconds">As in <c>WATCHDOG_USEC</c>: the longest silence; anything but a positive number: none.</param>
    /// <param name="watchdogProcess">As in <c>WATCHDOG_PID</c>: who must ping; empty: whoever reads this.</param>
    public NotifySender(TimeProvider clock, string path, string watchdogMicroseconds, string watchdogProcess)
    {
        this.clock = clock;
        start = clock.GetTimestamp();
        if (path.Length < 2 || path[0] is not ('/' or '@'))
        {
            return;
        }
        address = new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path);
        socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = SendTimeoutMilliseconds };
        var ours = watchdogProcess.Length == 0 || watchdogProcess == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        if (ours && long.TryParse(watchdogMicroseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var silence)
            && silence is > 0 and < long.MaxValue / TimeSpan.TicksPerMicrosecond)
        {
            watchdog = TimeSpan.FromMicroseconds(silence);
        }
    }

    public static NotifySender FromEnvironment(TimeProvider clock) => new(
        clock,
        Environment.GetEnvironmentVariable("NOTIFY_SOCKET") ?? "",
        Environment.GetEnvironmentVariable("WATCHDOG_USEC") ?? "",
        Environment.GetEnvironmentVariable("WATCHDOG_PID") ?? "");

    /// <summary>A wait, cut short where a ping is due before its end.</summary>
    public TimeSpan AtMost(TimeSpan wait)
    {
        if (PingEvery is null)
        {
            return wait;
        }
        var left = nextPing - Now;
        left = left > TimeSpan.Zero ? left : TimeSpan.Zero;
        return wait == Timeout.InfiniteTimeSpan || wait > left ? left : wait;
    }

    /// <summary>Says that the work goes on, where that is due; else does nothing. May be called as often as one likes.</summary>
    public void Ping()
    {
        if (PingEvery is not { } every || Now < nextPing)
        {
            return;
        }
        nextPing = Now + every;
        var more = ready && !stopping ? "" : string.Create(CultureInfo.InvariantCulture, $"EXTEND_TIMEOUT_USEC={Extension.TotalMicroseconds:0}\n");
        Send(more + (watchdog is null ? "" : "WATCHDOG=1\n"));
    }

    /// <summary>Says, the first time, that the device runs; and each time what runs.</summary>
    /// <param name="status">One line for people.</param>
    public void Ready(string status)
    {
        Send($"{(ready ? "" : "READY=1\n")}STATUS={status}\n");
        ready = true;
    }

    /// <summary>Says that the end was asked for. From here on pings ask for time to stop in.</summary>
    public void Stopping()
    {
        stopping = true;
        nextPing = TimeSpan.Zero;
        Send("STOPPING=1\n");
    }

    public void Dispose() => socket?.Dispose();

    private TimeSpan Now => clock.GetElapsedTime(start);

    /// <summary>Three pings in the longest silence; none is due for a ready device that nobody watches.</summary>
    private TimeSpan? PingEvery => socket is null
        ? null
        : watchdog is { } silence && (ready || silence / 3 < ExtendEvery)
            ? silence / 3
            : ready && !stopping ? null : ExtendEvery;

    private void Send(string text)
    {
        try
        {
            socket?.SendTo(Encoding.UTF8.GetBytes(text), address!);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // Whoever supervised is gone or does not read; the device runs on without.
        }
    }
}
