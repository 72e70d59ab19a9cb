using System.Threading.Channels;
using Meerkat.Rpc.Mqtt;
using Meerkat.Storage;

namespace Meerkat.Device.Mqtt;

/// <summary>
/// Keeps a connection to the broker for as long as the settings want one. Whatever the broker does, the device goes on: a lost connection
/// is made again, after pauses that grow, with the settings and certificates of that moment.
/// </summary>
public sealed class DeviceMqtt
{
    /// <summary>Calls at once.</summary>
    private const int QueueLength = 25;

    /// <summary>Of a pause, up or down.</summary>
    private const double Spread = 0.25;

    /// <summary>The answer to the call that changed the settings still goes out.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(500);

    private readonly DeviceAgent agent;
    private readonly Random random;
    private readonly RareLines dropped;
    private readonly DeviceShadow shadow;
    private volatile MqttSession? current;

    /// <summary>Why the last try failed; said once.</summary>
    private string told = "";

    /// <param name="agent">The device.</param>
    /// <param name="random">Spreads the pauses, so that not all devices come back in the same second.</param>
    public DeviceMqtt(DeviceAgent agent, Random random)
    {
        this.agent = agent;
        this.random = random;
        dropped = new RareLines(agent.Log, agent.Time);
        shadow = new DeviceShadow(agent, PublishAsync, dropped);
    }

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(KeepAsync(cancellationToken), shadow.RunAsync(cancellationToken)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The program ends.
        }
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        var serving = new MqttServing(agent.Calls, QueueLength, dropped.Write, cancellationToken);
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        void Tell(object? sender, EventArgs args) => changed.Writer.TryWrite(true);
        agent.Config.Changed += Tell;
        try
        {
            while (true)
            {
                var settings = Settings();
                using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                var change = ChangeAsync(settings, changed.Reader, ending.Token);
                var connections = settings.Enabled ? ConnectAsync(settings, serving, ending.Token) : Task.CompletedTask;
                try
                {
                    await change.ConfigureAwait(false);
                }
                finally
                {
                    await ending.CancelAsync().ConfigureAwait(false);
                    await connections.ConfigureAwait(false);
                }
            }
        }
        finally
        {
            agent.Config.Changed -= Tell;
        }
    }

    private MqttSettings Settings() => MqttSettings.Of(agent.Config.Values, agent.Identity.Id);

    /// <summary>Ends when the settings in force are others.</summary>
    private async Task ChangeAsync(MqttSettings settings, ChannelReader<bool> changed, CancellationToken cancellationToken)
    {
        do
        {
            await changed.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        while (Settings() == settings);
        await Task.Delay(Farewell, agent.Time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>One connection after the other, until it is cancelled.</summary>
    private async Task ConnectAsync(MqttSettings settings, MqttServing serving, CancellationToken cancellationToken)
    {
        var pause = TimeSpan.Zero;
        while (!cancellationToken.IsCancellationRequested)
        {
            var begun = agent.Time.GetTimestamp();
            var connected = await ServeAsync(settings, serving, cancellationToken).ConfigureAwait(false);
            // A broker that lets in and throws out at once is not asked more and more often.
            pause = pause == TimeSpan.Zero || (connected && agent.Time.GetElapsedTime(begun) > settings.MostPause)
                ? settings.LeastPause
                : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, settings.MostPause.Ticks));
            try
            {
                await Task.Delay(pause * (1 - Spread + (2 * Spread * random.NextDouble())), agent.Time, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // There are other settings, or the program ends.
            }
        }
    }

    /// <summary>One connection, from the try to its end.</summary>
    /// <returns>Whether it stood.</returns>
    private async Task<bool> ServeAsync(MqttSettings settings, MqttServing serving, CancellationToken cancellationToken)
    {
        var connected = false;
        var problem = "not connected";
        try
        {
            var broker = settings.Broker(agent.ReadFile, agent.Calls.MaxFrameBytes, agent.Time);
            var session = await MqttSession.OpenAsync(broker, agent.Time, cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                current = session;
                session.Begin(message => TakeAsync(message, settings, serving));
                List<(string Filter, int Qos)> filters = [.. settings.Calls?.Filters ?? [], .. settings.Shadow?.Subscribed.Select(topic => (topic, 1)) ?? []];
                if (filters.Count > 0)
                {
                    await session.SubscribeAsync(filters, cancellationToken).ConfigureAwait(false);
                }
                connected = true;
                agent.Connections.MqttProblem = "";
                told = "";
                agent.Log($"mqtt: connected to {broker.Address} as {broker.ClientId}");
                if (settings.Shadow is { } topics)
                {
                    shadow.Connected(topics);
                }
                var reason = await session.Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
                agent.Log($"WARNING: mqtt: {reason}{(session.LeftOut > 0 ? $" ({session.LeftOut} messages were left out, too many at once)" : "")}; connecting again");
            }
        }
        catch (Exception fault) when (fault is MqttException or FormatException or StorageException)
        {
            problem = fault.Message;
            if (fault.Message != told)
            {
                told = fault.Message;
                agent.Log($"WARNING: mqtt: {fault.Message}; trying again, every {settings.MostPause.TotalSeconds:0} s at last");
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (connected)
            {
                agent.Log("mqtt: disconnected");
            }
        }
        finally
        {
            agent.Connections.MqttProblem = problem;
            current = null;
        }
        return connected;
    }

    private async ValueTask TakeAsync(MqttMessage message, MqttSettings settings, MqttServing serving)
    {
        if (settings.Shadow is { } told && shadow.Take(message, told))
        {
            return;
        }
        if (settings.Calls is { } topics)
        {
            await serving.TakeAsync(message, topics, PublishAsync).ConfigureAwait(false);
        }
    }

    /// <summary>By the connection that stands now.</summary>
    /// <exception cref="IOException">There is none, or the broker refuses.</exception>
    private async ValueTask PublishAsync(MqttMessage message)
    {
        var session = current ?? throw new IOException("there is no connection to the broker");
        try
        {
            await session.PublishAsync(message, CancellationToken.None).ConfigureAwait(false);
        }
        catch (MqttException fault)
        {
            dropped.Write($"mqtt: a message to {message.Topic} was lost: {fault.Message}");
            throw;
        }
    }
}
