using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;
using Meerkat.Rpc;
using Meerkat.Rpc.Client;

namespace Meerkat.Tool.Devices;

/// <summary>The device that a command talks to.</summary>
internal sealed class RemoteDevice(DeviceAddress address, TimeSpan timeout, ClientAccess access) : IDisposable
{
    private readonly RpcClient client = new(
        RpcTransports.Open(address.Rpc, access, TimeProvider.System), Random.Shared, TimeProvider.System, access.User);

    public DeviceAddress Address => address;

    /// <summary>How it is reached by other requests than calls.</summary>
    public ClientAccess Access => access;

    /// <exception cref="ToolException">The device answered with an error, or could not be reached.</exception>
    /// <exception cref="RpcTransportException">It was reached and gave no answer that can be read.</exception>
    public async Task<JsonNode?> CallAsync(
        string method, JsonNode? arguments, CancellationToken cancellationToken, TimeSpan? timeoutOfCall = null)
    {
        try
        {
            return await client.CallAsync(method, arguments, timeoutOfCall ?? timeout, cancellationToken);
        }
        catch (RpcException e)
        {
            throw ToolException.Of(method, e.Error);
        }
        catch (RpcTransportException e) when (e.NotReached)
        {
            throw new ToolException(WithHint(e));
        }
    }

    /// <summary>As <see cref="RpcClient.CallAsync"/>, for callers that go on after a failure.</summary>
    public Task<JsonNode?> AskAsync(
        string method, TimeSpan timeoutOfCall, CancellationToken cancellationToken, JsonNode? arguments = null) =>
        client.CallAsync(method, arguments, timeoutOfCall, cancellationToken);

    /// <summary>
    /// The result of a call whose answer is welcome and not needed: null when the device does not know it, refuses or is away.
    /// </summary>
    public async Task<JsonObject?> TryCallAsync(string method, CancellationToken cancellationToken)
    {
        try
        {
            return await client.CallAsync(method, null, timeout, cancellationToken) as JsonObject;
        }
        catch (Exception e) when (e is RpcException or RpcTransportException)
        {
            return null;
        }
    }

    public void Dispose() => client.Dispose();

    public string WithHint(RpcTransportException e) => !e.NotReached ? e.Message : address.Rpc.Scheme switch
    {
        "http" or "https" or "ws" or "wss" => $"{e.Message}; is meerkat-boot running and does http.listen_addr say this address?",
        "tcp" => $"{e.Message}; is meerkat-boot running and does rpc.tcp.listen_addr say this address?",
        "unix" => $"{e.Message}; is meerkat-boot running there?",
        _ => e.Message,
    };
}
