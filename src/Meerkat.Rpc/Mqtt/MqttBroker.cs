using System.Net.Security;

namespace Meerkat.Rpc.Mqtt;

/// <summary>A broker, and as whom it is connected to.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="ClientId">One connection of a name at a time: a second one ends the first.</param>
public sealed record MqttBroker(string Host, int Port, string ClientId)
{
    public const int PlainPort = 1883;
    public const int TlsPort = 8883;

    /// <summary>None: without TLS.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>Empty: nobody.</summary>
    public string User { get; init; } = "";

    public string Password { get; init; } = "";

    /// <summary>False: the broker keeps subscriptions, and what is sent meanwhile, for when the connection is made again.</summary>
    public bool CleanSession { get; init; } = true;

    /// <summary>A connection on which nothing came for so long is dead; zero: never.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The protocol's level: 4 is MQTT 3.1.1, 5 is MQTT 5.</summary>
    public int Version { get; init; } = 4;

    /// <summary>What the broker tells others when the connection ends without a good-bye; none: nothing.</summary>
    public MqttMessage? Will { get; init; }

    /// <summary>Of longer messages only the topic is taken.</summary>
    public int MostPayloadBytes { get; init; } = 65536;

    /// <summary>For people.</summary>
    public string Address => FormattableString.Invariant($"{(Tls is null ? "mqtt" : "mqtts")}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
