using System.Diagnostics;

namespace Meerkat.EndToEnd.Tests.Harness;

/// <summary><c>meerkat serve</c> on a folder.</summary>
internal sealed class FolderSite : IAsyncDisposable
{
    private readonly Process process;

    private FolderSite(Process process, string url)
    {
        this.process = process;
        Url = url;
    }

    public string Url { get; }

    public static async Task<FolderSite> StartAsync(string folder)
    {
        var address = $"127.0.0.1:{DeviceUnderTest.FreePort()}";
        var process = Process.Start(new ProcessStartInfo(Repository.Program("meerkat"), ["serve", folder, "--listen", address])
        {
            RedirectStandardError = true,
        })!;
        var site = new FolderSite(process, "http://" + address);
        Assert.Contains(address, await process.StandardError.ReadLineAsync() ?? "", StringComparison.Ordinal);
        // What it says of each request is read, so that it never waits for a reader.
        _ = process.StandardError.ReadToEndAsync();
        return site;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
