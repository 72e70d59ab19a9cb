using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>A web server in this process that answers as it is told, over TLS when it has a certificate, one answer a connection.</summary>
internal sealed class BundleServer : IAsyncDisposable
{
    private const int MostHeadBytes = 16 * 1024;
    private const int BlockBytes = 16 * 1024;

    private readonly TcpListener listener;
    private readonly Func<string, byte[]> answer;
    private readonly CancellationTokenSource ending = new();
    private readonly List<string> requests = [];
    private readonly Task serving;
    private long sentBytes;

    /// <param name="answer">From the request's head to all that is sent back.</param>
    /// <param name="certificate">Read at every connection; none: plain HTTP.</param>
    public BundleServer(Func<string, byte[]> answer, Func<X509Certificate2>? certificate = null)
    {
        this.answer = answer;
        Certificate = certificate;
        listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Server.SendBufferSize = BlockBytes;
        listener.Start();
        serving = ServeAsync();
    }

    public string Url => $"http{(Certificate is null ? "" : "s")}://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>Bytes of answers that the system has taken so far.</summary>
    public long SentBytes => Interlocked.Read(ref sentBytes);

    public string[] Requests
    {
        get
        {
            lock (requests)
            {
                return [.. requests];
            }
        }
    }

    private Func<X509Certificate2>? Certificate { get; }

    public static byte[] Answer(string head, byte[]? body = null) =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {head.ReplaceLineEndings("\r\n")}\r\nContent-Length: {body?.Length ?? 0}\r\n\r\n"), .. body ?? []];

    public static byte[] Bundle(byte[] bundle, string tag) => Answer($"200 OK\nETag: \"{tag}\"", bundle);

    /// <summary>The value of a header, or null.</summary>
    public static string? Header(string head, string name) => head.Split("\r\n")
        .FirstOrDefault(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..];

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        listener.Dispose();
        await serving;
        ending.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!ending.IsCancellationRequested)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync(ending.Token);
                await using var stream = await OpenAsync(client);
                var head = await ReadHeadAsync(stream);
                if (head.Length == 0)
                {
                    // Gone again without a request: it does not like the certificate.
                    continue;
                }
                lock (requests)
                {
                    requests.Add(head);
                }
                await SendAsync(stream, answer(head));
                if (stream is SslStream tls)
                {
                    await tls.ShutdownAsync();
                }
                client.Client.Shutdown(SocketShutdown.Send);
                // Closing with bytes of the client unread would reset the connection under the answer.
                while (await stream.ReadAsync(new byte[BlockBytes], ending.Token) > 0)
                {
                }
            }
            catch (Exception fault) when (fault is OperationCanceledException or IOException or SocketException or ObjectDisposedException
                or System.Security.Authentication.AuthenticationException)
            {
                // The test is over, or the client has gone, or does not like the certificate.
            }
        }
    }

    private async Task<Stream> OpenAsync(TcpClient client)
    {
        if (Certificate is null)
        {
            return client.GetStream();
        }
        var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate() }, ending.Token);
        return tls;
    }

    private async Task SendAsync(Stream stream, byte[] bytes)
    {
        for (var at = 0; at < bytes.Length; at += BlockBytes)
        {
            var block = bytes.AsMemory(at, Math.Min(BlockBytes, bytes.Length - at));
            await stream.WriteAsync(block, ending.Token);
            Interlocked.Add(ref sentBytes, block.Length);
        }
    }

    private async Task<string> ReadHeadAsync(Stream stream)
    {
        var head = new byte[MostHeadBytes];
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
