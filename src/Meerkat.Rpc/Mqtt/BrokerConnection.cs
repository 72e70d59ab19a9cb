using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using MQTTnet.Channel;

namespace Meerkat.Rpc.Mqtt;

/// <summary>Opens the connection to a broker, so that what goes wrong can be told apart, and hands it to the library.</summary>
internal sealed class BrokerConnection(BoundedPackets open) : IMqttClientStreamProvider
{
    private const int KeepAliveSeconds = 60;

    public BoundedPackets Stream => open;

    /// <exception cref="MqttException">It was not reached, or TLS did not come about.</exception>
    public static async Task<BrokerConnection> OpenAsync(MqttBroker broker, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(broker.Host, broker.Port, cancellationToken).ConfigureAwait(false);
            // A peer that vanished without a word is noticed even where the protocol's own pings are off.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (broker.Tls is { } options)
            {
                var tls = new SslStream(stream);
                stream = tls;
                await tls.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
            }
            return new BrokerConnection(new BoundedPackets(stream, broker.MostPayloadBytes + MqttSession.MostHeadBytes, broker.Version));
        }
        catch (Exception fault)
        {
            socket.Dispose();
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }
            throw fault switch
            {
                SocketException refused => new MqttException($"cannot reach the broker at {broker.Address}: {Reason(refused)}", refused) { NotReached = true },
                AuthenticationException tls => new MqttException($"no TLS with the broker at {broker.Address}: {Reason(tls)}", tls),
                IOException broke => new MqttException(
                    $"the broker at {broker.Address} closed the connection{(broker.Tls is null ? "" : " instead of speaking TLS")}: {broke.Message}", broke),
                OperationCanceledException => fault,
                _ => fault,
            };
        }
    }

    public Task<Stream> ConnectAsync(EndPoint brokerEndPoint, CancellationToken cancellationToken) => Task.FromResult<Stream>(open);

    private static string Reason(SocketException fault) => fault.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "no such host",
        _ => fault.Message,
    };

    private static string Reason(AuthenticationException fault) =>
        fault.InnerException is { } inner ? $"{fault.Message} ({inner.Message})" : fault.Message;
}
