namespace Meerkat.Device;

/// <summary>Which of the device's own connections stand at this moment. Set by whoever holds them, read by anybody.</summary>
public sealed class ConnectionFacts
{
    private volatile bool mqttConnected;
    private volatile bool fleetReached;

    /// <summary>The broker has let the device in, and its topics are subscribed.</summary>
    public bool MqttConnected
    {
        get => mqttConnected;
        set => mqttConnected = value;
    }

    /// <summary>The fleet's server has answered since this program began.</summary>
    public bool FleetReached
    {
        get => fleetReached;
        set => fleetReached = value;
    }
}
