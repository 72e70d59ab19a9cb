namespace Meerkat.Rpc.Mqtt;

/// <summary>A message, on its way to or from a broker.</summary>
/// <param name="Topic">Without wild cards.</param>
/// <param name="Payload">Any bytes.</param>
public sealed record MqttMessage(string Topic, ReadOnlyMemory<byte> Payload)
{
    /// <summary>0: may get lost; 1: comes at least once.</summary>
    public int Qos { get; init; } = 1;

    /// <summary>The broker's for a message with quality of service above 0; confirmed by it.</summary>
    internal ushort Number { get; init; }

    /// <summary>To a broker: keep it for who subscribes later. From a broker: it was kept, and may be old.</summary>
    public bool Retained { get; init; }

    /// <summary>The length of a payload that was too long and is not here; 0 otherwise.</summary>
    public long LeftOutBytes { get; init; }
}
