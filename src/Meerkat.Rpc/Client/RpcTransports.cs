using System.Globalization;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using Meerkat.Core.Protocol;
using Meerkat.Rpc.Channels;
using Meerkat.Rpc.Http;
using Meerkat.Rpc.Mqtt;
using Meerkat.Rpc.Streams;
using Meerkat.Rpc.Udp;
using Meerkat.Rpc.WebSockets;

namespace Meerkat.Rpc.Client;

/// <summary>The transports by the scheme of an address.</summary>
public static class RpcTransports
{
    /// <summary>Every scheme that <see cref="Open"/> knows.</summary>
    public static readonly IReadOnlyList<string> Schemes = ["http", "https", "ws", "wss", "udp", "tcp", "mqtt", "mqtts", "serial", "unix"];

    /// <summary>From a refused connection to the next try, as <c>mos</c> does it.</summary>
    private static readonly TimeSpan ConnectAgain = TimeSpan.FromSeconds(2);

    /// <summary>From a datagram to its repetition.</summary>
    private static readonly TimeSpan SendAgain = TimeSpan.FromSeconds(1);

    /// <param name="address">With one of <see cref="Schemes"/>; what it must have besides, the scheme says.</param>
    /// <param name="access">Certificates for what has TLS, and credentials for HTTP; in frames the client gives them.</param>
    /// <param name="time">Measures the pauses.</param>
    /// <exception cref="RpcTransportException">The scheme is none of ours, or the address lacks a port or a path.</exception>
    public static IRpcTransport Open(Uri address, ClientAccess access, TimeProvider time) => address.Scheme is "http" or "https"
        ? new HttpTransport(address, access)
        : new ConnectionTransport(Plan(address, access.Tls, time));

    /// <summary>How a connection is made, for every scheme but <c>http</c> and <c>https</c>.</summary>
    /// <inheritdoc cref="Open"/>
    public static ConnectionPlan Plan(Uri address, TlsOptions tls, TimeProvider time) => address.Scheme switch
    {
        "ws" or "wss" => Connected(address, time, token => WebSocketAsync(address, tls, token)),
        "tcp" => Connected(address, time, token => TcpAsync(address, token)),
        "unix" => Connected(address, time, token => UnixAsync(address, token)),
        "udp" => new ConnectionPlan(address.ToString(), token => UdpAsync(address, token)) { SendAgain = SendAgain, Time = time },
        "mqtt" or "mqtts" => Mqtt(address, tls, time),
        "serial" => SerialCaller.Plan(address, time),
        _ => throw new RpcTransportException($"{address.Scheme}: is no transport of ours; known are {string.Join(", ", Schemes)}"),
    };

    private static ConnectionPlan Mqtt(Uri address, TlsOptions tls, TimeProvider time)
    {
        try
        {
            return MqttTransport.Plan(address, tls, Random.Shared, time);
        }
        catch (FormatException fault)
        {
            throw new RpcTransportException(fault.Message, fault);
        }
    }

    private static ConnectionPlan Connected(Uri address, TimeProvider time, Func<CancellationToken, Task<IFrameConnection>> connect) =>
        new(address.ToString(), connect) { ConnectAgain = ConnectAgain, Time = time };

    private static async Task<IFrameConnection> WebSocketAsync(Uri address, TlsOptions tls, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        try
        {
            using var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = tls.For(address.Host) };
            using var invoker = new HttpMessageInvoker(handler);
            await socket.ConnectAsync(address, invoker, cancellationToken).ConfigureAwait(false);
            return new WebSocketConnection(socket, RpcClient.MaxAnswerBytes);
        }
        catch (WebSocketException fault)
        {
            socket.Dispose();
            throw fault.InnerException is HttpRequestException http
                ? RpcTransportException.From(address, http)
                : new RpcTransportException($"{address} did not become a WebSocket: {fault.Message}", fault);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<IFrameConnection> TcpAsync(Uri address, CancellationToken cancellationToken)
    {
        if (address.Port <= 0)
        {
            throw new RpcTransportException($"{address} has no port; expected tcp://HOST:PORT");
        }
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await ConnectAsync(socket, address, () => socket.ConnectAsync(address.DnsSafeHost, address.Port, cancellationToken)).ConfigureAwait(false);
        return Caller(new NetworkStream(socket, ownsSocket: true));
    }

    private static async Task<IFrameConnection> UnixAsync(Uri address, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await ConnectAsync(socket, address, () => socket.ConnectAsync(new UnixDomainSocketEndPoint(address.AbsolutePath), cancellationToken)).ConfigureAwait(false);
        return Caller(new NetworkStream(socket, ownsSocket: true));
    }

    private static async Task<IFrameConnection> UdpAsync(Uri address, CancellationToken cancellationToken)
    {
        if (address.Port <= 0)
        {
            throw new RpcTransportException($"{address} has no port; expected udp://HOST:PORT");
        }
        var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
        await ConnectAsync(socket, address, () => socket.ConnectAsync(address.DnsSafeHost, address.Port, cancellationToken)).ConfigureAwait(false);
        return new UdpConnection(socket);
    }

    private static StreamConnection Caller(Stream stream) =>
        new(stream, new StreamOptions { MaxFrameBytes = RpcClient.MaxAnswerBytes, Quotes = true });

    private static async Task ConnectAsync(Socket socket, Uri address, Func<ValueTask> connect)
    {
        try
        {
            await connect().ConfigureAwait(false);
        }
        catch (SocketException fault)
        {
            socket.Dispose();
            throw RpcTransportException.From(address, fault);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
