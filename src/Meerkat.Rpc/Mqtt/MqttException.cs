namespace Meerkat.Rpc.Mqtt;

/// <summary>A broker was not reached, did not let this client in, or refused what it asked for.</summary>
public sealed class MqttException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>Nobody listened at the address, or the broker is not ready: a later try may go better by itself.</summary>
    public bool NotReached { get; init; }

    /// <summary>The broker does not speak this version of the protocol.</summary>
    public bool WrongVersion { get; init; }
}
