using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Meerkat.Tool.Tests;

/// <summary>A device that answers an upload once it has seen its head, and closes the connection without reading the rest.</summary>
internal sealed class HastyDevice : IAsyncDisposable
{
    private const string Status = """{"state":1,"message":"an update is running","is_committed":true,"partition":0}""";

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Task serving;

    /// <param name="answer">The whole answer to an upload; empty for none.</param>
    public HastyDevice(string answer)
    {
        listener.Start();
        Address = $"http://{listener.LocalEndpoint}";
        serving = ServeAsync(answer);
    }

    public string Address { get; }

    public async ValueTask DisposeAsync()
    {
        listener.Dispose();
        await serving;
    }

    private async Task ServeAsync(string answer)
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await listener.AcceptTcpClientAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
            using (client)
            {
                await AnswerAsync(client.GetStream(), answer);
            }
        }
    }

    private static async Task AnswerAsync(NetworkStream stream, string answer)
    {
        using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        var upload = (await reader.ReadLineAsync())?.StartsWith("POST /update ", StringComparison.Ordinal) ?? false;
        var length = 0;
        while (await reader.ReadLineAsync() is { Length: > 0 } header)
        {
            if (header.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            {
                length = int.Parse(header[15..], CultureInfo.InvariantCulture);
            }
        }
        if (!upload)
        {
            var frame = new char[length];
            await reader.ReadBlockAsync(frame);
            var body = $"{{\"id\":{JsonNode.Parse(new string(frame))!["id"]!.ToJsonString()},\"result\":{Status}}}";
            answer = $"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}";
        }
        await stream.WriteAsync(Encoding.Latin1.GetBytes(answer));
    }
}
