using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Meerkat.Rpc.Tests;

/// <summary>A real HTTP server on a free port of the loopback interface, answering with what the test says.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly HttpListener listener = new();
    private readonly Task serving;

    public LoopbackServer(Func<string, HttpListenerResponse, Task<string?>> answer)
    {
        Address = new Uri($"http://127.0.0.1:{FreePort()}/rpc");
        listener.Prefixes.Add(Address.GetLeftPart(UriPartial.Authority) + "/");
        listener.Start();
        serving = ServeAsync(answer);
    }

    public Uri Address { get; }

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await serving;
    }

    private async Task ServeAsync(Func<string, HttpListenerResponse, Task<string?>> answer)
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
            using var reader = new StreamReader(context.Request.InputStream);
            var body = await answer(await reader.ReadToEndAsync(), context.Response);
            if (body is not null)
            {
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
            }
            context.Response.Close();
        }
    }
}
