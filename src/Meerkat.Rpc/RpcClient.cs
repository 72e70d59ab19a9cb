using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Meerkat.Core.Protocol;

namespace Meerkat.Rpc;

/// <summary>
/// Calls the methods of one device over HTTP: whole frames are posted to one address, and errors come in the frame with status 200.
/// Calls may run side by side.
/// </summary>
public sealed class RpcClient : IDisposable
{
    /// <summary>What other clients of this protocol wait for an answer.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(20);

    /// <summary>The longest answer read, in bytes.</summary>
    private const int MaxAnswerBytes = 16 << 20;

    /// <summary>Ids are random from 2^40 to 2^41 - 1, so that an answer meant for an earlier call is not taken for this one's.</summary>
    private const long FirstId = 1L << 40;

    private readonly HttpClient http;
    private readonly Uri endpoint;
    private readonly Random random;
    private readonly TimeProvider time;

    /// <param name="endpoint">Where frames are posted, path included: <c>http://HOST:PORT/rpc</c>.</param>
    /// <param name="random">Chooses the ids.</param>
    /// <param name="time">Measures the time-outs.</param>
    /// <param name="connection">Sends the requests, with credentials and certificates where they are needed, and is disposed of; null: plainly.</param>
    public RpcClient(Uri endpoint, Random random, TimeProvider time, HttpMessageHandler? connection = null)
    {
        this.endpoint = endpoint;
        this.random = random;
        this.time = time;
        // Devices stand on the local network: a proxy for the Internet cannot reach them. Redirects would repeat a call elsewhere.
        var handler = connection ?? new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswerBytes };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("meerkat", null));
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
            Source = "meerkat",
            Params = RpcJson.ToElement(arguments),
        };
        var answer = await PostAsync(request.ToUtf8(), timeout, cancellationToken).ConfigureAwait(false);
        return RpcFrame.Parse(answer, MaxAnswerBytes) switch
        {
            RpcFrame.Response(var response) when response.Id == request.Id => response.Outcome switch
            {
                RpcOutcome.Succeeded(var result) => result,
                RpcOutcome.Failed({ MeansSuccess: true }) => null,
                RpcOutcome.Failed(var error) => throw new RpcException(error),
                _ => throw new System.Diagnostics.UnreachableException(),
            },
            RpcFrame.Response(var response) => throw new RpcTransportException(
                $"{endpoint} answered call {request.Id} with id {response.Id}"),
            RpcFrame.Request => throw new RpcTransportException($"{endpoint} answered with a call of its own"),
            RpcFrame.Rejected(var reason) => throw new RpcTransportException(
                $"{endpoint} answered what is no RPC frame ({reason}); is this the address of a device's RPC, with its path?"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    public void Dispose() => http.Dispose();

    private async Task<byte[]> PostAsync(byte[] frame, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        using var content = new ByteArrayContent(frame);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var response = await http.PostAsync(endpoint, content, either.Token).ConfigureAwait(false);
            var body = await response.Content.ReadAsByteArrayAsync(either.Token).ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.OK ? body : throw Unexpected(response, body);
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RpcTransportException(
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"{endpoint} did not answer within {timeout.TotalSeconds:0.###} s"), e) { TimedOut = true };
        }
        catch (HttpRequestException e)
        {
            throw RpcTransportException.From(endpoint, e);
        }
    }

    private RpcTransportException Unexpected(HttpResponseMessage response, byte[] body)
    {
        var status = (int)response.StatusCode;
        var text = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 200))).ReplaceLineEndings(" ").Trim();
        var hint = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => "the device wants the name of a user it knows, and the password; the tool takes both with --user",
            HttpStatusCode.NotFound => "is this the address of a device's RPC, with its path?",
            _ when text.Length > 0 => text,
            _ => response.ReasonPhrase ?? "no reason given",
        };
        return new RpcTransportException($"{endpoint} answered with HTTP status {status}: {hint}");
    }
}
