using Meerkat.Core.Protocol;

namespace Meerkat.Rpc;

/// <summary>What a method handler gets: the arguments, and who calls.</summary>
public sealed record RpcCall(string Method, RpcArguments Arguments, RpcPeer Peer);
