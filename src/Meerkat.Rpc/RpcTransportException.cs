using System.Net.Sockets;
using System.Security.Authentication;

namespace Meerkat.Rpc;

/// <summary>
/// A call got no answer that could be read: the device was not reached, did not answer in time, or answered something else.
/// </summary>
public sealed class RpcTransportException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Nobody listened at the address: nothing was sent.</summary>
    public bool NotReached { get; init; }

    /// <summary>The call may have been performed: it was sent, and no answer came in time.</summary>
    public bool TimedOut { get; init; }

    /// <summary>Says in few words what went wrong with an HTTP request to <paramref name="address"/>.</summary>
    public static RpcTransportException From(Uri address, HttpRequestException e)
    {
        var notReached = e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError;
        var what = notReached ? "cannot reach" : "lost the connection to";
        return new RpcTransportException($"{what} {address}: {Reason(e)}", e) { NotReached = notReached };
    }

    /// <summary>Says in few words why a connection to <paramref name="address"/> could not be made.</summary>
    public static RpcTransportException From(Uri address, SocketException e) =>
        new($"cannot reach {address}: {Reason(e)}", e) { NotReached = true };

    private static string Reason(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "no such host",
        _ => e.Message,
    };

    private static string Reason(HttpRequestException e) => e.InnerException switch
    {
        SocketException socket => Reason(socket),
        AuthenticationException tls => $"TLS: {tls.Message}",
        IOException { InnerException: SocketException socket } => socket.Message,
        IOException io => io.Message,
        _ => e.Message,
    };
}
