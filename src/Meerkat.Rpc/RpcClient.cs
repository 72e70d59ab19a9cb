using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Access;
using Meerkat.Core.Protocol;
using Meerkat.Rpc.Client;
using Meerkat.Rpc.Http;

namespace Meerkat.Rpc;

/// <summary>Calls the methods of one device. Calls may run side by side.</summary>
/// <param name="transport">Carries the calls; disposed of with this.</param>
/// <param name="random">Chooses the ids.</param>
/// <param name="time">Measures the time-outs.</param>
/// <param name="user">Who asks, where a device wants to know it in the frame; null for nobody.</param>
public sealed class RpcClient(IRpcTransport transport, Random random, TimeProvider time, DigestAnswer? user = null) : IAsyncDisposable, IDisposable
{
    /// <summary>What other clients of this protocol wait for an answer.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(20);

    /// <summary>The longest answer read, in bytes.</summary>
    internal const int MaxAnswerBytes = 16 << 20;

    /// <summary>Ids are random from 2^40 to 2^41 - 1, so that an answer meant for an earlier call is not taken for this one's.</summary>
    private const long FirstId = 1L << 40;

    /// <summary>Over HTTP.</summary>
    /// <param name="endpoint">Where frames are posted, path included: <c>http://HOST:PORT/rpc</c>.</param>
    /// <param name="random">Chooses the ids.</param>
    /// <param name="time">Measures the time-outs.</param>
    public RpcClient(Uri endpoint, Random random, TimeProvider time)
        : this(new HttpTransport(endpoint), random, time)
    {
    }

    /// <summary>Calls a method and returns its result, null when it has none. An error with code 0 is a success without a result.</summary>
    /// <param name="method">The method's name.</param>
    /// <param name="arguments">An object, or null for none; numbers are sent as typed.</param>
    /// <param name="timeout">How long the answer may take; <see cref="Timeout.InfiniteTimeSpan"/> for any time.</param>
    /// <param name="cancellationToken">Gives the call up; the device may perform it all the same.</param>
    /// <exception cref="RpcException">The device answered with an error.</exception>
    /// <exception cref="RpcTransportException">No answer, or none that could be read.</exception>
    public async Task<JsonNode?> CallAsync(
        string method, JsonNode? arguments, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var request = new RpcRequest(new RpcId(random.NextInt64(FirstId, 2 * FirstId)), method)
        {
            Source = transport.Source,
            Destination = transport.Destination,
            Params = RpcJson.ToElement(arguments),
        };
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var response = await transport.ExchangeAsync(request, either.Token).ConfigureAwait(false);
            if (Credentials(response) is { } credentials)
            {
                // The id is kept: it is the same call.
                response = await transport.ExchangeAsync(request with { Auth = credentials }, either.Token).ConfigureAwait(false);
            }
            return response.Outcome switch
            {
                RpcOutcome.Succeeded(var result) => result,
                RpcOutcome.Failed({ MeansSuccess: true }) => null,
                RpcOutcome.Failed(var error) => throw new RpcException(error),
                _ => throw new System.Diagnostics.UnreachableException(),
            };
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RpcTransportException(
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"{transport.Address} did not answer within {timeout.TotalSeconds:0.###} s"), e) { TimedOut = true };
        }
    }

    /// <summary>The <c>auth</c> of a call that was answered with 401 and can be answered; null of every other.</summary>
    private JsonElement? Credentials(RpcResponse response) =>
        user is not null
        && response.Outcome is RpcOutcome.Failed({ Code: (int)RpcErrorCode.Unauthenticated, Message: { } message })
        && DigestChallenge.ParseFrame(message) is { } challenge
            ? RpcJson.ToElement(user.Frame(challenge, random.Next()))
            : null;

    public ValueTask DisposeAsync() => transport.DisposeAsync();

    public void Dispose() => transport.DisposeAsync().AsTask().GetAwaiter().GetResult();
}
