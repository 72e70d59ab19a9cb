using System.Net;
using System.Text;

namespace Meerkat.Browser.Tests;

/// <summary>A web site of somebody else, with one page.</summary>
internal sealed class ForeignSite : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly int port = DeviceUnderTest.FreePort();
    private readonly Task serving;

    public ForeignSite(string html)
    {
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Prefixes.Add($"http://{Chromium.ForeignName}:{port}/");
        listener.Start();
        serving = ServeAsync(Encoding.UTF8.GetBytes(html));
    }

    /// <summary>Its page's address under one of its names.</summary>
    public string At(string name) => $"http://{name}:{port}/";

    public void Dispose()
    {
        listener.Close();
        serving.Wait();
    }

    private async Task ServeAsync(byte[] html)
    {
        try
        {
            while (true)
            {
                var context = await listener.GetContextAsync();
                context.Response.ContentType = "text/html; charset=utf-8";
                await context.Response.OutputStream.WriteAsync(html);
                context.Response.Close();
            }
        }
        catch (Exception fault) when (fault is HttpListenerException or ObjectDisposedException)
        {
            // It was closed.
        }
    }
}
