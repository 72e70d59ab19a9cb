using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Meerkat.Tool.Tests;

/// <summary>A real HTTP server that answers as recorded from devices: a list of answers for each method, the last one for ever.</summary>
internal sealed class ScriptedDevice : IAsyncDisposable
{
    /// <summary>An answer that breaks the connection, as a device in its restart does.</summary>
    public const string Down = "down";

    private readonly HttpListener listener = new();
    private readonly Dictionary<string, Queue<string>> answers = [];
    private readonly Task serving;

    public ScriptedDevice()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
        }
        listener.Prefixes.Add(Address + "/");
        listener.Start();
        serving = ServeAsync();
    }

    public string Address { get; }

    /// <summary>Every call: the path, and the frame without its id.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    public (int Status, string Text) UpdateAnswer { get; set; } = (200, "1 Update applied, rebooting\r\n");

    public string? UploadHeaders { get; private set; }

    public byte[]? Upload { get; private set; }

    /// <param name="method">The method.</param>
    /// <param name="payloads">Results as JSON, or whole members such as <c>"error":{…}</c>, or <see cref="Down"/>.</param>
    public ScriptedDevice On(string method, params string[] payloads)
    {
        answers[method] = new Queue<string>(payloads);
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await serving;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            if (context.Request.Url!.AbsolutePath == "/update")
            {
                Upload = body.ToArray();
                UploadHeaders = string.Join('\n', context.Request.Headers.AllKeys.Select(k => $"{k}: {context.Request.Headers[k]}"));
                await AnswerAsync(context, UpdateAnswer.Status, UpdateAnswer.Text);
                continue;
            }
            var frame = JsonNode.Parse(body.ToArray())!.AsObject();
            var id = frame["id"]!.ToJsonString();
            frame.Remove("id");
            Calls.Enqueue($"{context.Request.Url.AbsolutePath} {frame.ToJsonString()}");
            var payload = Next(frame["method"]!.GetValue<string>());
            if (payload == Down)
            {
                context.Response.Abort();
                continue;
            }
            var member = payload.StartsWith("\"error\":", StringComparison.Ordinal) ? payload : $"\"result\":{payload}";
            await AnswerAsync(context, 200, $"{{\"id\":{id},\"src\":\"dev1\",{member}}}\r\n");
        }
    }

    private string Next(string method)
    {
        if (!answers.TryGetValue(method, out var queue))
        {
            return $$"""
                "error":{"code":404,"message":"No handler for {{method}}"}
                """;
        }
        return queue.Count > 1 ? queue.Dequeue() : queue.Peek();
    }

    private static async Task AnswerAsync(HttpListenerContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        try
        {
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
            context.Response.Close();
        }
        catch (HttpListenerException)
        {
            // Who asked has ended and does not wait for the answer.
        }
    }
}
