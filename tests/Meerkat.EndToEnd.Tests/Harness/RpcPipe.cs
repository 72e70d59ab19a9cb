using System.Net.Sockets;
using System.Text;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>A TCP connection to a device's stream channel, byte by byte.</summary>
internal sealed class RpcPipe : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly TcpClient client = new();
    private readonly StringBuilder received = new();

    public static async Task<RpcPipe> ConnectAsync(int port)
    {
        var pipe = new RpcPipe();
        await pipe.client.ConnectAsync("127.0.0.1", port);
        return pipe;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(byte[] bytes) => await client.GetStream().WriteAsync(bytes);

    /// <summary>Reads until a text has come: all that came since the last one, the text included.</summary>
    public async Task<string> UntilAsync(string text)
    {
        using var deadline = new CancellationTokenSource(Bound);
        var block = new byte[4096];
        int at;
        while ((at = received.ToString().IndexOf(text, StringComparison.Ordinal)) < 0)
        {
            var count = await client.GetStream().ReadAsync(block, deadline.Token);
            Assert.True(count > 0, $"the device closed the connection; expected {text}, found {received}");
            received.Append(Encoding.Latin1.GetString(block, 0, count));
        }
        var found = received.ToString(0, at + text.Length);
        received.Remove(0, at + text.Length);
        return found;
    }

    /// <summary>Whether the device closes the connection.</summary>
    public async Task<bool> IsClosedAsync()
    {
        using var deadline = new CancellationTokenSource(Bound);
        try
        {
            while (await client.GetStream().ReadAsync(new byte[4096], deadline.Token) > 0)
            {
            }
            return true;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }
}
