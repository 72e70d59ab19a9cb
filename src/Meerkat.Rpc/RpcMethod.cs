using System.Text.Json.Nodes;

namespace Meerkat.Rpc;

/// <summary>
/// Performs a call. Null is "nothing to say". Throw <see cref="Meerkat.Core.Protocol.RpcException"/> to answer with an error; anything
/// else that is thrown is a fault of the device and answered with code 500 and its message.
/// </summary>
public delegate Task<JsonNode?> RpcHandler(RpcCall call, CancellationToken cancellationToken);

/// <summary>A method of a device.</summary>
/// <param name="Name">As listed; compared without regard to case.</param>
/// <param name="ArgumentsFormat">The arguments in the manner of the original: <c>{url: %Q, timeout: %d}</c>; empty for none.</param>
/// <param name="Description">One line for people, or null.</param>
/// <param name="Handler">Performs the call.</param>
public sealed record RpcMethod(string Name, string ArgumentsFormat, string? Description, RpcHandler Handler);
