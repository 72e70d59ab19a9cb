using System.Net.Sockets;

namespace Meerkat.Agent;

/// <summary>Tells whoever started this program that it is ready, by systemd's protocol (sd_notify(3)).</summary>
internal static class ReadyNotice
{
    private const string Variable = "NOTIFY_SOCKET";

    /// <summary>Nothing happens where nobody wants to know.</summary>
    /// <exception cref="SocketException">Somebody wants to know and cannot be reached.</exception>
    public static void Send() => Send("READY=1"u8);

    /// <inheritdoc cref="Send()"/>
    public static void Send(ReadOnlySpan<byte> state)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } path)
        {
            return;
        }
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        // An @ stands for the zero byte of the abstract name space.
        socket.SendTo(state, new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path));
    }
}
