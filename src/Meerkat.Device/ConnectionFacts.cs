namespace Meerkat.Device;

/// <summary>
/// Which connections the device keeps at this moment, told by whoever keeps them. Each value is set and read whole, from any thread.
/// </summary>
public sealed class ConnectionFacts
{
    private volatile string mqtt = "not connected";
    private volatile string fleet = "not connected";

    /// <summary>Connected to the MQTT broker, which has accepted the session.</summary>
    public bool MqttConnected => mqtt.Length == 0;

    /// <summary>Why it is not; empty when it is.</summary>
    public string MqttProblem
    {
        get => mqtt;
        set => mqtt = value;
    }

    /// <summary>Connected to the fleet's server that the device dials (<c>rpc.ws.server_address</c>).</summary>
    public bool FleetConnected => fleet.Length == 0;

    /// <summary>Why it is not; empty when it is.</summary>
    public string FleetProblem
    {
        get => fleet;
        set => fleet = value;
    }
}
