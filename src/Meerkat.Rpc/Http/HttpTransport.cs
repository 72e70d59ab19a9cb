using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Meerkat.Core.Protocol;
using Meerkat.Rpc.Client;

namespace Meerkat.Rpc.Http;

/// <summary>Whole frames are posted to one address; errors come in the frame with status 200 (specification 7.2).</summary>
public sealed class HttpTransport : IRpcTransport
{
    /// <summary>The longest answer read, in bytes.</summary>
    private const int MaxAnswerBytes = RpcClient.MaxAnswerBytes;

    private readonly HttpClient http;
    private readonly Uri endpoint;

    /// <param name="endpoint">Where frames are posted, path included: <c>http://HOST:PORT/rpc</c>.</param>
    /// <param name="access">Credentials and certificates; null for none.</param>
    public HttpTransport(Uri endpoint, ClientAccess? access = null)
    {
        this.endpoint = endpoint;
        http = new HttpClient((access ?? ClientAccess.None).Open())
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("meerkat", null));
    }

    public string Address => endpoint.ToString();

    public string Source => "meerkat";

    public string? Destination => null;

    public async Task<RpcResponse> ExchangeAsync(RpcRequest request, CancellationToken cancellationToken)
    {
        var answer = await PostAsync(request.ToUtf8(), cancellationToken).ConfigureAwait(false);
        return RpcFrame.Parse(answer, MaxAnswerBytes) switch
        {
            RpcFrame.Response(var response) when response.Id == request.Id => response,
            RpcFrame.Response(var response) => throw new RpcTransportException(
                $"{endpoint} answered call {request.Id} with id {response.Id}"),
            RpcFrame.Request => throw new RpcTransportException($"{endpoint} answered with a call of its own"),
            RpcFrame.Rejected(var reason) => throw new RpcTransportException(
                $"{endpoint} answered what is no RPC frame ({reason}); is this the address of a device's RPC, with its path?"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<byte[]> PostAsync(byte[] frame, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(frame);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var response = await http.PostAsync(endpoint, content, cancellationToken).ConfigureAwait(false);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.OK ? body : throw Unexpected(response, body);
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
