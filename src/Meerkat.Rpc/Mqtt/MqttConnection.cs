using System.Threading.Channels;
using Meerkat.Rpc.Channels;

namespace Meerkat.Rpc.Mqtt;

/// <summary>A caller's end of MQTT (specification 7.4): frames go to the device's topic, answers come to the caller's own.</summary>
public sealed class MqttConnection : IFrameConnection
{
    /// <summary>Answers that nobody has read yet.</summary>
    private const int MostWaiting = 64;

    private readonly Channel<byte[]> frames = Channel.CreateBounded<byte[]>(MostWaiting);
    private readonly string device;
    private readonly MqttSession session;

    private MqttConnection(string device, MqttSession session)
    {
        this.device = device;
        this.session = session;
    }

    /// <param name="broker">Which, and as whom.</param>
    /// <param name="device">The device's id.</param>
    /// <param name="source">The caller's address; answers come to <c>SOURCE/rpc</c>.</param>
    /// <param name="time">Measures the pings.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MqttException">Not reached, not let in, or refused the subscription.</exception>
    public static async Task<MqttConnection> OpenAsync(
        MqttBroker broker, string device, string source, TimeProvider time, CancellationToken cancellationToken)
    {
        var session = await MqttSession.OpenAsync(broker, time, cancellationToken).ConfigureAwait(false);
        var connection = new MqttConnection(device, session);
        var answers = source + "/rpc";
        session.Begin(async message =>
        {
            if (message.Topic == answers && !message.Retained)
            {
                await connection.frames.Writer.WriteAsync(message.Payload.ToArray(), CancellationToken.None).ConfigureAwait(false);
            }
        });
        _ = connection.EndAsync();
        try
        {
            await session.SubscribeAsync([(answers, 1)], cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await frames.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    /// <exception cref="MqttException">The broker refuses the message, or is gone.</exception>
    /// <exception cref="RpcTransportException">The broker says that the device is not connected to it.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        if (!await session.PublishAsync(new MqttMessage(device + "/rpc", frame), cancellationToken).ConfigureAwait(false))
        {
            throw new RpcTransportException($"{device} is not connected to the broker: nobody has subscribed {device}/rpc") { NotReached = true };
        }
    }

    public async ValueTask DisposeAsync()
    {
        frames.Writer.TryComplete();
        await session.DisposeAsync().ConfigureAwait(false);
    }

    private async Task EndAsync()
    {
        await session.Ended.ConfigureAwait(false);
        frames.Writer.TryComplete();
    }
}
