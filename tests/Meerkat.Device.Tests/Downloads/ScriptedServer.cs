using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Meerkat.Device.Tests.Downloads;

/// <summary>An HTTP server on loopback that says exactly what it is told, lies included: one answer a connection, then it closes.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, byte[]> answer;
    private readonly CancellationTokenSource ending = new();
    private readonly Task serving;

    /// <param name="answer">From the request's head to all that is sent back.</param>
    public ScriptedServer(Func<string, byte[]> answer)
    {
        this.answer = answer;
        listener.Start();
        serving = ServeAsync();
    }

    public List<string> Requests { get; } = [];

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/fw.zip");

    public static byte[] Answer(string head, byte[]? body = null) =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {head.ReplaceLineEndings("\r\n")}\r\n\r\n"), .. body ?? []];

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await serving;
        listener.Dispose();
        ending.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(ending.Token);
                var stream = client.GetStream();
                var head = await ReadHeadAsync(stream);
                Requests.Add(head);
                await stream.WriteAsync(answer(head), ending.Token);
                client.Client.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            // The test is over, or the client has gone.
        }
    }

    private async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var head = new byte[16384];
        var length = 0;
        while (head.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            var count = await stream.ReadAsync(head.AsMemory(length), ending.Token);
            if (count == 0)
            {
                break;
            }
            length += count;
        }
        return Encoding.ASCII.GetString(head, 0, length);
    }
}
