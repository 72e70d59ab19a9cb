using System.Text.Json;

namespace Meerkat.Rpc;

/// <summary>A call that waits for permission.</summary>
/// <param name="Method">As it was asked for, in any case; it may not exist.</param>
/// <param name="Peer">Who calls.</param>
/// <param name="Auth">The frame's credentials, <see cref="JsonValueKind.Undefined"/> when there are none.</param>
public sealed record RpcAccessQuestion(string Method, RpcPeer Peer, JsonElement Auth);
