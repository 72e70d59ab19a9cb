namespace Meerkat.Rpc;

/// <summary>The names of channels in access rules (specification 7.7; the last two are ours).</summary>
public static class RpcChannels
{
    public const string Http = "HTTP";
    public const string WebSocketIn = "WS_in";
    public const string WebSocketOut = "WS_out";

    /// <summary>As <see cref="WebSocketOut"/>, where the server has to prove itself to authorities that are configured.</summary>
    public const string SecureWebSocketOut = "WSS_out";

    public const string Mqtt = "MQTT";
    public const string Serial = "UART";
    public const string Udp = "UDP_in";
    public const string Tcp = "TCP";

    /// <summary>The socket that only the device's own user may connect to.</summary>
    public const string Local = "UNIX";
}
