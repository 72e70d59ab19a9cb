namespace Meerkat.Rpc;

/// <summary>Where a call came from.</summary>
/// <param name="Channel">
/// The channel type by which access rules name it (specification 7.7): <c>HTTP</c>, <c>WS_in</c>, <c>MQTT</c>, …
/// </param>
/// <param name="Address">The peer's address for people, empty when there is none.</param>
/// <param name="User">Who was authenticated on the channel, null when nobody was.</param>
public sealed record RpcPeer(string Channel, string Address, string? User = null);
