using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Meerkat.Tool.Serving;

/// <summary>
/// Serves the files of one folder by HTTP, as devices that pull need it (spec section 10): Content-Length always, one
/// byte range, an entity tag; no compression, no chunks.
/// </summary>
internal sealed class FileSite(string folder, Action<string> log)
{
    private const int BlockBytes = 64 * 1024;

    private readonly string root = Path.GetFullPath(folder) + Path.DirectorySeparatorChar;

    public async Task RunAsync(HttpListener listener, CancellationToken cancellationToken)
    {
        using var stop = cancellationToken.Register(listener.Abort);
        var running = new HashSet<Task>();
        while (!cancellationToken.IsCancellationRequested)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception fault) when (fault is HttpListenerException or ObjectDisposedException)
            {
                break;
            }
            running.RemoveWhere(task => task.IsCompleted);
            running.Add(ServeAsync(context, cancellationToken));
        }
        await Task.WhenAll(running);
    }

    private async Task ServeAsync(HttpListenerContext context, CancellationToken cancellationToken)
    {
        try
        {
            await AnswerAsync(context.Request, context.Response, cancellationToken);
            log($"{context.Request.HttpMethod} {context.Request.RawUrl} {context.Response.StatusCode}");
            context.Response.Close();
        }
        catch (Exception fault) when (fault is IOException or HttpListenerException or OperationCanceledException
            or ObjectDisposedException or ProtocolViolationException)
        {
            log($"{context.Request.HttpMethod} {context.Request.RawUrl}: the client went away");
            context.Response.Abort();
        }
    }

    private async Task AnswerAsync(
        HttpListenerRequest request, HttpListenerResponse response, CancellationToken cancellationToken)
    {
        if (request.HttpMethod is not ("GET" or "HEAD"))
        {
            response.StatusCode = (int)HttpStatusCode.MethodNotAllowed;
            return;
        }
        var path = Path.GetFullPath(root + Uri.UnescapeDataString(request.Url?.AbsolutePath ?? "/").TrimStart('/'));
        var file = new FileInfo(path);
        if (!path.StartsWith(root, StringComparison.Ordinal) || !file.Exists)
        {
            response.StatusCode = (int)HttpStatusCode.NotFound;
            return;
        }
        var tag = string.Create(CultureInfo.InvariantCulture, $"\"{file.Length:x}-{file.LastWriteTimeUtc.Ticks:x}\"");
        response.ContentType = "application/octet-stream";
        response.Headers["ETag"] = tag;
        response.Headers["Accept-Ranges"] = "bytes";
        if (request.Headers["If-None-Match"] == tag)
        {
            response.StatusCode = (int)HttpStatusCode.NotModified;
            return;
        }
        var (first, count) = Range(request, response, file.Length, tag);
        response.ContentLength64 = count;
        if (request.HttpMethod == "GET")
        {
            await SendAsync(file, response.OutputStream, first, count, cancellationToken);
        }
    }

    /// <summary>What is sent of the file; sets the status. A range that is not one, or of another file, means all of it.</summary>
    private static (long First, long Count) Range(
        HttpListenerRequest request, HttpListenerResponse response, long length, string tag)
    {
        var condition = request.Headers["If-Range"];
        if ((condition is not null && condition != tag)
            || !RangeHeaderValue.TryParse(request.Headers["Range"], out var header)
            || header is not { Unit: "bytes", Ranges.Count: 1 })
        {
            return (0, length);
        }
        var range = header.Ranges.Single();
        var first = range.From ?? Math.Max(0, length - (range.To ?? 0));
        var last = Math.Min(range.From is null ? length - 1 : range.To ?? length - 1, length - 1);
        if (first > last)
        {
            response.StatusCode = (int)HttpStatusCode.RequestedRangeNotSatisfiable;
            response.Headers["Content-Range"] = string.Create(CultureInfo.InvariantCulture, $"bytes */{length}");
            return (0, 0);
        }
        response.StatusCode = (int)HttpStatusCode.PartialContent;
        response.Headers["Content-Range"] = string.Create(CultureInfo.InvariantCulture, $"bytes {first}-{last}/{length}");
        return (first, last - first + 1);
    }

    private static async Task SendAsync(
        FileInfo file, Stream output, long first, long count, CancellationToken cancellationToken)
    {
        await using var input = file.OpenRead();
        input.Position = first;
        var block = new byte[BlockBytes];
        while (count > 0)
        {
            var read = await input.ReadAsync(block.AsMemory(0, (int)Math.Min(count, block.Length)), cancellationToken);
            if (read == 0)
            {
                throw new EndOfStreamException($"{file.Name} became shorter while it was sent");
            }
            await output.WriteAsync(block.AsMemory(0, read), cancellationToken);
            count -= read;
        }
    }
}
