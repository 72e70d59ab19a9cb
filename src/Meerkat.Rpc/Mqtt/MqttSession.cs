using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Implementations;
using MQTTnet.LowLevelClient;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace Meerkat.Rpc.Mqtt;

/// <summary>
/// One connection to a broker, from the broker's welcome to its end. A message is acknowledged when it has been taken, and a broker sends
/// only so many that are not acknowledged: a flood waits there. The library's own client keeps what it has read in a queue without a
/// bound and looks at its clock four times a second, so only its packets are used here.
/// </summary>
public sealed class MqttSession : IAsyncDisposable
{
    /// <summary>Of a packet besides its payload: topic and properties.</summary>
    internal const int MostHeadBytes = 16384;

    /// <summary>Messages that were read and not taken yet. More come only from a broker that does not wait, and are left out.</summary>
    private const int MostWaiting = 64;

    /// <summary>Messages on their way to the broker at once; with MQTT 5 it says how many it bears.</summary>
    private const int MostUnconfirmed = 32;

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan GoodByeLimit = TimeSpan.FromSeconds(1);

    private readonly LowLevelMqttClient client;
    private readonly BoundedPackets packets;
    private readonly MqttBroker broker;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<ushort, TaskCompletionSource<MqttPacket>> asked = [];
    private readonly Channel<MqttMessage> waiting = Channel.CreateBounded<MqttMessage>(MostWaiting);
    private readonly Channel<bool> places = Channel.CreateUnbounded<bool>();
    private readonly CancellationTokenSource ending = new();
    private readonly TaskCompletionSource<string> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task working = Task.CompletedTask;
    private int lastNumber;
    private long leftOut;
    private volatile bool heard;
    private volatile bool said;

    private MqttSession(LowLevelMqttClient client, BoundedPackets packets, MqttBroker broker, int unconfirmed, TimeProvider time)
    {
        for (var place = 0; place < unconfirmed; place++)
        {
            places.Writer.TryWrite(true);
        }
        this.client = client;
        this.packets = packets;
        this.broker = broker;
        this.time = time;
    }

    /// <summary>Messages that were left out because too many came at once.</summary>
    public long LeftOut => Interlocked.Read(ref leftOut);

    /// <summary>Ends, with the reason, when the connection does.</summary>
    public Task<string> Ended => ended.Task;

    /// <summary>Connects to a broker and is let in by it.</summary>
    /// <param name="broker">Which, and as whom.</param>
    /// <param name="time">Measures the pings.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MqttException">Not reached, no TLS, or not let in.</exception>
    public static async Task<MqttSession> OpenAsync(MqttBroker broker, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(AnswerLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        LowLevelMqttClient? client = null;
        try
        {
            var connection = await BrokerConnection.OpenAsync(broker, either.Token).ConfigureAwait(false);
            client = new LowLevelMqttClient(new MqttClientAdapterFactory(), MqttNetNullLogger.Instance);
            var options = new MqttClientOptions
            {
                ProtocolVersion = broker.Version >= 5 ? MqttProtocolVersion.V500 : MqttProtocolVersion.V311,
                ChannelOptions = new MqttClientTcpOptions { RemoteEndpoint = new DnsEndPoint(broker.Host, broker.Port), StreamProvider = connection },
            };
            await client.ConnectAsync(options, either.Token).ConfigureAwait(false);
            await client.SendAsync(Hello(broker), either.Token).ConfigureAwait(false);
            var answer = await client.ReceiveAsync(either.Token).ConfigureAwait(false);
            if (Refusal(broker, answer) is { } refusal)
            {
                throw refusal;
            }
            var bears = ((MqttConnAckPacket)answer).ReceiveMaximum;
            var session = new MqttSession(client, connection.Stream, broker, bears is > 0 and < MostUnconfirmed ? bears : MostUnconfirmed, time);
            client = null;
            return session;
        }
        catch (OperationCanceledException fault) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new MqttException($"the broker at {broker.Address} did not answer within {AnswerLimit.TotalSeconds:0} s", fault) { NotReached = true };
        }
        catch (MqttCommunicationException fault)
        {
            throw new MqttException($"the broker at {broker.Address} closed the connection: {fault.Message}{Hint(broker)}", fault)
            {
                WrongVersion = broker.Version >= 5,
            };
        }
        finally
        {
            client?.Dispose();
        }
    }

    /// <summary>Begins to receive; called once, before anything is asked of the broker.</summary>
    /// <param name="take">Takes the messages, one at a time, also those that come before a subscription was confirmed.</param>
    public void Begin(Func<MqttMessage, ValueTask> take) => working = Task.WhenAll(ReceiveAsync(), TakeAllAsync(take), PingAsync());

    /// <exception cref="MqttException">The broker refused one of them, or the connection is gone.</exception>
    public async Task SubscribeAsync(IReadOnlyList<(string Filter, int Qos)> filters, CancellationToken cancellationToken)
    {
        var packet = new MqttSubscribePacket { PacketIdentifier = NextNumber() };
        packet.TopicFilters.AddRange(filters.Select(filter => new MqttTopicFilter
        {
            Topic = filter.Filter,
            QualityOfServiceLevel = (MqttQualityOfServiceLevel)filter.Qos,
        }));
        var answer = (MqttSubAckPacket)await AskAsync(packet, cancellationToken).ConfigureAwait(false);
        for (var each = 0; each < Math.Min(filters.Count, answer.ReasonCodes.Count); each++)
        {
            if (answer.ReasonCodes[each] > MqttSubscribeReasonCode.GrantedQoS2)
            {
                throw new MqttException(
                    $"the broker at {broker.Address} refuses the subscription of {filters[each].Filter}{As()}: {answer.ReasonCodes[each]}{Said(answer.ReasonString)}");
            }
        }
    }

    /// <summary>Publishes a message; with a quality of service above 0 returns when the broker has it.</summary>
    /// <returns>Whether somebody has subscribed it, as far as the broker tells (MQTT 5 with quality of service 1).</returns>
    /// <exception cref="MqttException">The broker refused it, or the connection is gone.</exception>
    public async Task<bool> PublishAsync(MqttMessage message, CancellationToken cancellationToken)
    {
        var packet = new MqttPublishPacket
        {
            Topic = message.Topic,
            Payload = new ReadOnlySequence<byte>(message.Payload),
            QualityOfServiceLevel = message.Qos > 0 ? MqttQualityOfServiceLevel.AtLeastOnce : MqttQualityOfServiceLevel.AtMostOnce,
            Retain = message.Retained,
        };
        if (message.Qos == 0)
        {
            await SendAsync(packet, cancellationToken).ConfigureAwait(false);
            return true;
        }
        await places.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        MqttPubAckPacket answer;
        try
        {
            packet.PacketIdentifier = NextNumber();
            answer = (MqttPubAckPacket)await AskAsync(packet, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            places.Writer.TryWrite(true);
        }
        return answer.ReasonCode switch
        {
            MqttPubAckReasonCode.Success => true,
            MqttPubAckReasonCode.NoMatchingSubscribers => false,
            var refused => throw new MqttException($"the broker at {broker.Address} refuses a message to {message.Topic}{As()}: {refused}{Said(answer.ReasonString)}"),
        };
    }

    /// <summary>Says good-bye, so that the broker does not publish the will, and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        using (var limit = new CancellationTokenSource(GoodByeLimit, time))
        {
            try
            {
                await client.SendAsync(new MqttDisconnectPacket(), limit.Token).ConfigureAwait(false);
            }
            catch (Exception fault) when (IsEnd(fault))
            {
                // It is gone already.
            }
        }
        End("closed");
        await ending.CancelAsync().ConfigureAwait(false);
        await working.ConfigureAwait(false);
        client.Dispose();
        ending.Dispose();
    }

    private static MqttConnectPacket Hello(MqttBroker broker)
    {
        var packet = new MqttConnectPacket
        {
            ClientId = broker.ClientId,
            CleanSession = broker.CleanSession,
            KeepAlivePeriod = (ushort)Math.Min(broker.KeepAlive.TotalSeconds, ushort.MaxValue),
            Username = broker.User.Length > 0 ? broker.User : null,
            Password = broker.Password.Length > 0 ? Encoding.UTF8.GetBytes(broker.Password) : null,
        };
        if (broker.Version >= 5)
        {
            // A broker that knows it does not even send what is too long.
            packet.MaximumPacketSize = (uint)(broker.MostPayloadBytes + MostHeadBytes);
            packet.ReceiveMaximum = MostWaiting / 2;
            packet.SessionExpiryInterval = broker.CleanSession ? 0 : uint.MaxValue;
        }
        if (broker.Will is { } will)
        {
            packet.WillFlag = true;
            packet.WillTopic = will.Topic;
            packet.WillMessage = will.Payload.ToArray();
            packet.WillQoS = (MqttQualityOfServiceLevel)will.Qos;
            packet.WillRetain = will.Retained;
        }
        return packet;
    }

    private static MqttException? Refusal(MqttBroker broker, MqttPacket? answer)
    {
        if (answer is not MqttConnAckPacket welcome)
        {
            return new MqttException($"the broker at {broker.Address} {(answer is null ? "closed the connection" : "answered something else")} when it was asked to let {broker.ClientId} in{Hint(broker)}")
            {
                WrongVersion = broker.Version >= 5,
            };
        }
        var (reason, wrongVersion, later) = broker.Version >= 5
            ? (welcome.ReasonCode == MqttConnectReasonCode.Success ? null : Words(welcome.ReasonCode),
                welcome.ReasonCode == MqttConnectReasonCode.UnsupportedProtocolVersion || welcome.ReturnCode == MqttConnectReturnCode.ConnectionRefusedUnacceptableProtocolVersion,
                welcome.ReasonCode is MqttConnectReasonCode.ServerUnavailable or MqttConnectReasonCode.ServerBusy)
            : (welcome.ReturnCode == MqttConnectReturnCode.ConnectionAccepted ? null : Words(welcome.ReturnCode),
                welcome.ReturnCode == MqttConnectReturnCode.ConnectionRefusedUnacceptableProtocolVersion,
                welcome.ReturnCode == MqttConnectReturnCode.ConnectionRefusedServerUnavailable);
        return reason is null ? null : new MqttException(
            $"the broker at {broker.Address} does not let {broker.ClientId} in{(broker.User.Length > 0 ? $" as {broker.User}" : "")}: {reason}{Said(welcome.ReasonString)}")
        {
            NotReached = later,
            WrongVersion = wrongVersion,
        };
    }

    private static string Words(MqttConnectReturnCode code) => code switch
    {
        MqttConnectReturnCode.ConnectionRefusedNotAuthorized => "not authorized (wrong user or password?)",
        MqttConnectReturnCode.ConnectionRefusedBadUsernameOrPassword => "wrong user or password",
        MqttConnectReturnCode.ConnectionRefusedIdentifierRejected => "it does not take this client id",
        MqttConnectReturnCode.ConnectionRefusedServerUnavailable => "it is not available",
        MqttConnectReturnCode.ConnectionRefusedUnacceptableProtocolVersion => "it does not speak this version of MQTT",
        var other => other.ToString(),
    };

    private static string Words(MqttConnectReasonCode code) => code switch
    {
        MqttConnectReasonCode.NotAuthorized => "not authorized (wrong user or password?)",
        MqttConnectReasonCode.BadUserNameOrPassword => "wrong user or password",
        MqttConnectReasonCode.ClientIdentifierNotValid => "it does not take this client id",
        MqttConnectReasonCode.UnsupportedProtocolVersion => "it does not speak this version of MQTT",
        var other => other.ToString(),
    };

    private static string Hint(MqttBroker broker) => broker.Tls switch
    {
        null => " (does it want TLS?)",
        { ClientCertificates.Count: > 0 } => " (does it trust the certificate that was shown?)",
        _ => " (does it want a client certificate?)",
    };

    private static string Said(string? reason) => string.IsNullOrEmpty(reason) ? "" : $" ({reason})";

    private static bool IsEnd(Exception fault) =>
        fault is MqttCommunicationException or MqttProtocolViolationException or IOException or ObjectDisposedException or OperationCanceledException
            or InvalidOperationException;

    private string As() => broker.User.Length > 0 ? $" to {broker.User}" : "";

    private async Task ReceiveAsync()
    {
        var reason = "the broker closed the connection";
        try
        {
            while (await client.ReceiveAsync(ending.Token).ConfigureAwait(false) is { } packet)
            {
                heard = true;
                await TakeAsync(packet).ConfigureAwait(false);
            }
        }
        catch (Exception fault) when (IsEnd(fault))
        {
            reason = $"lost the connection: {fault.GetBaseException().Message}";
        }
        End(reason);
    }

    private async Task TakeAsync(MqttPacket packet)
    {
        switch (packet)
        {
            case MqttPublishPacket published:
                var message = new MqttMessage(published.Topic, BuffersExtensions.ToArray(published.Payload))
                {
                    Qos = (int)published.QualityOfServiceLevel,
                    Number = published.PacketIdentifier,
                    Retained = published.Retain,
                    LeftOutBytes = packets.LeftOutBytes,
                };
                if (!waiting.Writer.TryWrite(message))
                {
                    Interlocked.Increment(ref leftOut);
                    await ConfirmAsync(message).ConfigureAwait(false);
                }
                break;
            case MqttDisconnectPacket bye:
                End($"the broker closed the connection: {bye.ReasonCode}{Said(bye.ReasonString)}");
                break;
            case MqttPacketWithIdentifier answer when asked.TryRemove(answer.PacketIdentifier, out var asking):
                asking.TrySetResult(packet);
                break;
            default:
                break;
        }
    }

    private async Task TakeAllAsync(Func<MqttMessage, ValueTask> take)
    {
        try
        {
            while (true)
            {
                var message = await waiting.Reader.ReadAsync(ending.Token).ConfigureAwait(false);
                await take(message).ConfigureAwait(false);
                await ConfirmAsync(message).ConfigureAwait(false);
            }
        }
        catch (Exception fault) when (IsEnd(fault))
        {
            End($"lost the connection: {fault.GetBaseException().Message}");
        }
    }

    private async Task ConfirmAsync(MqttMessage message)
    {
        if (message.Qos == 1)
        {
            await client.SendAsync(new MqttPubAckPacket { PacketIdentifier = message.Number }, ending.Token).ConfigureAwait(false);
            said = true;
        }
    }

    /// <summary>Says that this side lives when it has nothing else to say, and ends a connection on which the other side says nothing.</summary>
    private async Task PingAsync()
    {
        if (broker.KeepAlive == TimeSpan.Zero)
        {
            return;
        }
        var waits = false;
        try
        {
            while (true)
            {
                await Task.Delay(broker.KeepAlive / 2, time, ending.Token).ConfigureAwait(false);
                if (waits && !heard)
                {
                    End($"the broker said nothing for {broker.KeepAlive.TotalSeconds / 2:0.#} s after a ping");
                    return;
                }
                waits = !said || !heard;
                heard = said = false;
                if (waits)
                {
                    await client.SendAsync(MqttPingReqPacket.Instance, ending.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception fault) when (IsEnd(fault))
        {
            End($"lost the connection: {fault.GetBaseException().Message}");
        }
    }

    private async Task SendAsync(MqttPacket packet, CancellationToken cancellationToken)
    {
        said = true;
        try
        {
            await client.SendAsync(packet, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsEnd(fault) && !cancellationToken.IsCancellationRequested)
        {
            throw new MqttException($"lost the connection to the broker at {broker.Address}: {fault.GetBaseException().Message}", fault);
        }
    }

    private async Task<MqttPacket> AskAsync(MqttPacketWithIdentifier packet, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<MqttPacket>(TaskCreationOptions.RunContinuationsAsynchronously);
        asked[packet.PacketIdentifier] = answer;
        try
        {
            if (ended.Task.IsCompleted)
            {
                throw new MqttException($"no connection to the broker at {broker.Address}: {await ended.Task.ConfigureAwait(false)}");
            }
            await SendAsync(packet, cancellationToken).ConfigureAwait(false);
            return await answer.Task.WaitAsync(AnswerLimit, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException fault)
        {
            throw new MqttException($"the broker at {broker.Address} did not confirm within {AnswerLimit.TotalSeconds:0} s", fault);
        }
        finally
        {
            asked.TryRemove(packet.PacketIdentifier, out _);
        }
    }

    /// <summary>Once: the connection is useless from here on.</summary>
    private void End(string reason)
    {
        if (!ended.TrySetResult(reason))
        {
            return;
        }
        packets.Dispose();
        foreach (var (_, asking) in asked)
        {
            asking.TrySetException(new MqttException($"lost the connection to the broker at {broker.Address}: {reason}"));
        }
    }

    /// <summary>1 to 65535; a number still waited for is not used again.</summary>
    private ushort NextNumber()
    {
        while (true)
        {
            var number = (ushort)((unchecked((uint)Interlocked.Increment(ref lastNumber)) % ushort.MaxValue) + 1);
            if (!asked.ContainsKey(number))
            {
                return number;
            }
        }
    }
}
