using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Access;
using Meerkat.Rpc;
using Meerkat.Rpc.Channels;
using Meerkat.Rpc.Client;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Conformance;

/// <summary>A device of any make, asked by frames that are written here and not by a client, whose answers are looked at as they came.</summary>
internal sealed class DeviceOnTrial(DeviceAddress address, ClientAccess access, TimeSpan timeout) : IAsyncDisposable
{
    /// <summary>How long no answer must come before it counts as none.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    private readonly HttpClient http = new(access.Open());

    private const string WantsUser =
        "the device wants the name of a user it knows, and the password (--user); without them nothing can be said of it";

    private long lastId = (1L << 40) + Random.Shared.NextInt64(1L << 39);
    private IFrameConnection? connection;

    public DeviceAddress Address => address;

    public bool IsHttp => address.Rpc.Scheme is "http" or "https";

    /// <summary>The <c>src</c> by which answers find the way back.</summary>
    public string Source => Plan?.Source ?? "conformance";

    private ConnectionPlan? Plan { get; } = address.Rpc.Scheme is "http" or "https" ? null : RpcTransports.Plan(address.Rpc, access.Tls, TimeProvider.System);

    public long NewId() => ++lastId;

    /// <summary>A request as JSON; what <paramref name="more"/> holds is added, or replaces what is there.</summary>
    public JsonObject Frame(string method, string? parameters = null, string? more = null)
    {
        var frame = new JsonObject { ["src"] = Source, ["id"] = NewId(), ["method"] = method };
        if (Plan?.Destination is { } destination)
        {
            frame["dst"] = destination;
        }
        if (parameters is not null)
        {
            frame["params"] = JsonNode.Parse(parameters);
        }
        foreach (var (key, value) in more is null ? [] : JsonNode.Parse(more)!.AsObject())
        {
            frame[key] = value?.DeepClone();
        }
        return frame;
    }

    /// <summary>The whole answer to a request.</summary>
    /// <exception cref="RpcTransportException">None came.</exception>
    public Task<JsonObject> AskAsync(string method, string? parameters = null) => AskAsync(Frame(method, parameters));

    /// <inheritdoc cref="AskAsync(string, string?)"/>
    public async Task<JsonObject> AskAsync(JsonObject frame) =>
        await TryAskAsync(frame.ToJsonString(), frame["id"], timeout)
        ?? throw new RpcTransportException($"no answer within {timeout.TotalSeconds:0.#} s to {frame.ToJsonString()}");

    /// <summary>The answer, if one comes although none should.</summary>
    public Task<JsonObject?> TryAskAsync(JsonObject frame) => TryAskAsync(frame.ToJsonString(), frame["id"], Silence);

    /// <summary>An HTTP request to the device; the path is beside <c>/rpc</c>.</summary>
    public async Task<(int Status, string Type, string Body)> HttpAsync(HttpMethod method, string path, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(address.Rpc, path)) { Content = content };
        using var deadline = new CancellationTokenSource(timeout);
        try
        {
            using var response = await http.SendAsync(request, deadline.Token);
            var body = await response.Content.ReadAsStringAsync(deadline.Token);
            return ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType ?? "", body);
        }
        catch (HttpRequestException fault)
        {
            throw RpcTransportException.From(address.Rpc, fault);
        }
    }

    /// <summary>Sends bytes over a TCP connection of their own: all that comes back until it ends with a text, or nothing comes any more.</summary>
    public async Task<string> StreamAsync(string bytes, string ending)
    {
        using var client = new TcpClient();
        using var deadline = new CancellationTokenSource(Silence);
        var received = new StringBuilder();
        try
        {
            await client.ConnectAsync(address.Rpc.DnsSafeHost, address.Rpc.Port, deadline.Token);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.Latin1.GetBytes(bytes), deadline.Token);
            var block = new byte[4096];
            while (!received.ToString().EndsWith(ending, StringComparison.Ordinal)
                && await stream.ReadAsync(block, deadline.Token) is > 0 and var count)
            {
                received.Append(Encoding.Latin1.GetString(block, 0, count));
            }
        }
        catch (SocketException fault)
        {
            throw RpcTransportException.From(address.Rpc, fault);
        }
        catch (OperationCanceledException)
        {
            // What came is all there is.
        }
        return received.ToString();
    }

    public static StringContent Json(string text) =>
        new(text, Encoding.UTF8) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        if (connection is { } open)
        {
            await open.DisposeAsync();
        }
    }

    private async Task<JsonObject?> TryAskAsync(string frame, JsonNode? id, TimeSpan wait)
    {
        using var deadline = new CancellationTokenSource(wait);
        if (Plan is not { } plan)
        {
            var (status, _, body) = await HttpAsync(HttpMethod.Post, address.Rpc.AbsolutePath, Json(frame));
            return status == 401 ? throw new ToolException(WantsUser) : status == 200 && body.Length > 0 ? Parse(body) : null;
        }
        try
        {
            connection ??= await plan.Connect(deadline.Token);
            await connection.SendAsync(Encoding.UTF8.GetBytes(frame), deadline.Token);
            var asked = false;
            while (await connection.ReceiveAsync(deadline.Token) is { } utf8)
            {
                // Ids are compared as text: how they are written is looked at elsewhere.
                if (Parse(Encoding.UTF8.GetString(utf8)) is not { } answer || Word(answer["id"]) != Word(id))
                {
                    continue;
                }
                if (Challenge(answer) is not { } challenge)
                {
                    return answer;
                }
                if (asked || access.User is not { } user)
                {
                    throw new ToolException(WantsUser);
                }
                asked = true;
                var again = JsonNode.Parse(frame)!.AsObject();
                again["auth"] = user.Frame(challenge, Random.Shared.Next());
                await connection.SendAsync(Encoding.UTF8.GetBytes(again.ToJsonString()), deadline.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Nothing came in time. What comes later must not be taken for another's answer, nor this connection for a good one.
        }
        if (connection is { } stale)
        {
            connection = null;
            await stale.DisposeAsync();
        }
        return null;
    }

    private static DigestChallenge? Challenge(JsonObject answer) =>
        Word(answer["error"]?["code"]) == "401" && answer["error"]?["message"] is JsonValue message
        && message.GetValueKind() == JsonValueKind.String
            ? DigestChallenge.ParseFrame(message.GetValue<string>())
            : null;

    private static string? Word(JsonNode? id) => id?.GetValueKind() == JsonValueKind.String ? id.GetValue<string>() : id?.ToJsonString();

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
