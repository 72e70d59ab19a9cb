using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Thermostat;

/// <summary>The firmware's end of systemd's notify protocol (sd_notify(3)): datagrams to an AF_UNIX socket whose
/// name is a path, or <c>@name</c> for an abstract one. Without a socket every message goes nowhere.</summary>
/// <param name="socketName">The value of <c>NOTIFY_SOCKET</c>.</param>
/// <param name="watchdogMicroseconds">The value of <c>WATCHDOG_USEC</c>.</param>
internal sealed class SupervisorSocket(string? socketName, string? watchdogMicroseconds) : IDisposable
{
    private readonly Socket? socket = string.IsNullOrEmpty(socketName)
        ? null
        : new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    /// <summary>Sends lines of <c>KEY=VALUE</c>. A supervisor that is gone is not the firmware's problem: the
    /// failure is printed and the firmware goes on.</summary>
    public void Send(string message)
    {
        if (socket is null || string.IsNullOrEmpty(socketName))
        {
            return;
        }
        var name = socketName[0] == '@' ? "\0" + socketName[1..] : socketName;
        try
        {
            socket.SendTo(Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(name));
        }
        catch (SocketException fault)
        {
            Console.Error.WriteLine($"thermostat: NOTIFY_SOCKET {socketName}: {fault.Message}");
        }
    }

    /// <summary>Sends <c>WATCHDOG=1</c> twice within each interval until told to stop; returns at once when no
    /// interval was given.</summary>
    public async Task FeedWatchdogAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        if (!long.TryParse(watchdogMicroseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var interval)
            || interval < 2000)
        {
            return;
        }
        using var timer = new PeriodicTimer(TimeSpan.FromMicroseconds(interval / 2), time);
        try
        {
            do
            {
                Send("WATCHDOG=1");
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // Stopping is how this ends.
        }
    }

    public void Dispose() => socket?.Dispose();
}
