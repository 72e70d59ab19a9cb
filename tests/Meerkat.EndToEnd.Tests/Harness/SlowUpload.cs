using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>A form with a bundle that is sent as far as a test wants, and no farther.</summary>
internal sealed class SlowUpload : IDisposable
{
    private const string Boundary = "----meerkat";

    private readonly TcpClient client;
    private readonly byte[] bundle;
    private int sent;

    private SlowUpload(TcpClient client, byte[] bundle)
    {
        this.client = client;
        this.bundle = bundle;
    }

    /// <summary>Sends the request's head and the form's lines before the bundle.</summary>
    public static async Task<SlowUpload> BeginAsync(string address, byte[] bundle, int commitTimeout = 300)
    {
        var before = $"--{Boundary}\r\nContent-Disposition: form-data; name=\"commit_timeout\"\r\n\r\n{commitTimeout}\r\n"
            + $"--{Boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"fw.zip\"\r\n\r\n";
        var length = before.Length + bundle.Length + End.Length;
        var client = new TcpClient();
        await client.ConnectAsync(IPEndPoint.Parse(address));
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /update HTTP/1.1\r\nHost: {address}\r\nContent-Type: multipart/form-data; boundary={Boundary}\r\n"
            + $"Content-Length: {length}\r\nConnection: close\r\n\r\n{before}"));
        return new SlowUpload(client, bundle);
    }

    private static string End => $"\r\n--{Boundary}--\r\n";

    /// <summary>Sends the bundle's next bytes.</summary>
    public async Task SendAsync(int count)
    {
        await client.GetStream().WriteAsync(bundle.AsMemory(sent, count));
        sent += count;
    }

    /// <summary>Sends the rest, and reads the answer to its end.</summary>
    public async Task<string> FinishAsync()
    {
        await SendAsync(bundle.Length - sent);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(End));
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync();
    }

    public void Dispose() => client.Dispose();
}
