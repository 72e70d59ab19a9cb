using System.Net;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary>A web site on loopback with one bundle at every path.</summary>
internal sealed class BundleSite : IAsyncDisposable
{
    private readonly HttpListener listener = new();
    private readonly Task serving;

    public BundleSite(byte[] bundle)
    {
        Address = $"127.0.0.1:{DeviceUnderTest.FreePort()}";
        listener.Prefixes.Add($"http://{Address}/");
        listener.Start();
        serving = ServeAsync(bundle);
    }

    public string Address { get; }

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await serving;
    }

    private async Task ServeAsync(byte[] bundle)
    {
        try
        {
            while (true)
            {
                var context = await listener.GetContextAsync();
                context.Response.ContentLength64 = bundle.Length;
                await context.Response.OutputStream.WriteAsync(bundle);
                context.Response.Close();
            }
        }
        catch (Exception end) when (end is HttpListenerException or ObjectDisposedException)
        {
            // Closed.
        }
    }
}
