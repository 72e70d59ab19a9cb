using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Meerkat.Device.Updates;
using Meerkat.Rpc;

namespace Meerkat.Device.Downloads;

/// <summary>
/// Fetches a bundle (specification section 6) and hands its bytes on as they come. What has been handed on cannot be taken back, so a
/// broken connection is resumed where it broke, and only while the server's file is provably the same. A body without a known length
/// (chunked) is taken too: an archive says itself when it is not whole.
/// </summary>
public sealed class BundleDownload(DownloadSettings settings, TimeSpan stallLimit, TimeProvider time, Action<string> log)
{
    private const int MostRedirects = 5;
    private const int MostFruitlessTries = 5;
    private const int BlockBytes = 128 * 1024;
    private const int CannotConnect = -10;

    private Uri address = new("http://0.0.0.0/");
    private EntityTagHeaderValue? tag;
    private DateTimeOffset? modified;
    private long? total;
    private long received;
    private bool begun;

    /// <summary>Downloads once; a further call needs a new instance.</summary>
    /// <param name="url">http or https.</param>
    /// <param name="taker">Gets the bytes, in order, each once.</param>
    /// <param name="cancellationToken">Gives up; the end is a failure then.</param>
    public async Task<DownloadEnd> RunAsync(Uri url, DownloadTaker taker, CancellationToken cancellationToken)
    {
        address = url;
        using var span = Tracing.Source.StartActivity("download", ActivityKind.Client);
        span?.SetTag("server.address", url.Host).SetTag("url.path", url.AbsolutePath);
        var end = await FetchAsync(taker, cancellationToken).ConfigureAwait(false);
        span?.SetTag("meerkat.received_bytes", received);
        if (end is DownloadEnd.Ended { Result: { Succeeded: false, Message: var problem } })
        {
            span?.SetStatus(ActivityStatusCode.Error, problem);
        }
        return end;
    }

    private async Task<DownloadEnd> FetchAsync(DownloadTaker taker, CancellationToken cancellationToken)
    {
        using var watch = new StallWatch(stallLimit, time, cancellationToken);
        try
        {
            using var client = DownloadClient.Make(settings, time);
            for (var fruitless = 0; ;)
            {
                var before = received;
                var (end, broken) = await TryAsync(client, taker, watch).ConfigureAwait(false);
                if (end is not null)
                {
                    return end;
                }
                fruitless = received > before ? 1 : fruitless + 1;
                if (fruitless > MostFruitlessTries)
                {
                    return Failed($"Update failed: {Broke(broken)}, given up after {MostFruitlessTries} tries");
                }
                log($"download: {Broke(broken)}; trying again");
                await Task.Delay(TimeSpan.FromSeconds(1 << (fruitless - 1)), time, watch.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            return watch.Expired
                ? Failed(Invariant($"Update timed out: nothing came from the server for {watch.Limit.TotalSeconds:0} s"))
                : Failed("Update aborted");
        }
        catch (CryptographicException fault)
        {
            return Failed($"Update failed: a certificate file cannot be read: {fault.Message}");
        }
    }

    /// <summary>One connection's worth. No end: it broke, and may be tried again.</summary>
    private async Task<(DownloadEnd? End, string Broken)> TryAsync(HttpClient client, DownloadTaker taker, StallWatch watch)
    {
        HttpResponseMessage response;
        try
        {
            response = await AskAsync(client, watch.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException fault)
        {
            return begun
                ? (null, fault.Message)
                : (new DownloadEnd.Ended(new UpdateResult(CannotConnect, $"Failed to connect: {fault.Message}", false)), "");
        }
        using (response)
        {
            if (Refusal(response) is { } refused)
            {
                return (refused, "");
            }
            if (!begun)
            {
                Remember(response);
                begun = true;
                if (taker.Begin(total) is { } unwanted)
                {
                    return (new DownloadEnd.Ended(unwanted), "");
                }
            }
            return await TakeBodyAsync(response, taker, watch).ConfigureAwait(false);
        }
    }

    private async Task<HttpResponseMessage> AskAsync(HttpClient client, CancellationToken cancellationToken)
    {
        for (var redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            if (received > 0)
            {
                request.Headers.Range = new RangeHeaderValue(received, null);
                request.Headers.IfRange = tag is not null ? new RangeConditionHeaderValue(tag) : new RangeConditionHeaderValue(modified!.Value);
            }
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308)
                || response.Headers.Location is not { } location || redirects == MostRedirects)
            {
                return response;
            }
            var next = new Uri(address, location);
            if (next.Scheme is not ("http" or "https") || (address.Scheme == "https" && next.Scheme != "https"))
            {
                // Handed back as it is: a redirect that is not followed is an answer without a bundle.
                return response;
            }
            response.Dispose();
            address = next;
        }
    }

    /// <summary>Why nothing of this answer can be used; none when its body goes on where the last one broke.</summary>
    private DownloadEnd.Ended? Refusal(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        if (status is >= 301 and <= 308 and not 304)
        {
            var why = response.Headers.Location is not { } location ? "a redirect without Location"
                : address.Scheme == "https" && new Uri(address, location).Scheme == "http" ? "a redirect from https to http"
                : "one redirect too many";
            return new DownloadEnd.Ended(new UpdateResult(-status, $"Invalid HTTP response code {status} ({why})", false));
        }
        if (response.StatusCode == HttpStatusCode.NotModified && !begun)
        {
            return new DownloadEnd.Ended(new UpdateResult(1, "Not Modified", false));
        }
        if (received == 0)
        {
            return response.StatusCode != HttpStatusCode.OK
                ? new DownloadEnd.Ended(new UpdateResult(-status, $"Invalid HTTP response code {status}", false))
                : response.Content.Headers.ContentEncoding.Count > 0
                    ? Failed($"Update failed: the server encodes the bundle ({string.Join(", ", response.Content.Headers.ContentEncoding)})")
                    : null;
        }
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return Failed(Invariant($"Update failed: the connection broke after {received} bytes, and the server cannot go on from there or has another file now"));
        }
        var range = response.Content.Headers.ContentRange;
        var fits = response.StatusCode == HttpStatusCode.PartialContent
            && range is { HasRange: true } && range.From == received && (total is null || range.Length is null || range.Length == total)
            && (tag is null || response.Headers.ETag is null || response.Headers.ETag.Equals(tag));
        return fits ? null : Failed(Invariant($"Update failed: asked to go on from byte {received}, the server answered {status} with range {range?.ToString() ?? "none"}"));
    }

    private void Remember(HttpResponseMessage response)
    {
        total = response.Content.Headers.ContentLength;
        tag = response.Headers.ETag is { IsWeak: false } strong ? strong : null;
        modified = response.Content.Headers.LastModified;
    }

    private async Task<(DownloadEnd? End, string Broken)> TakeBodyAsync(HttpResponseMessage response, DownloadTaker taker, StallWatch watch)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            var body = await response.Content.ReadAsStreamAsync(watch.Token).ConfigureAwait(false);
            while (await body.ReadAsync(block, watch.Token).ConfigureAwait(false) is > 0 and var count)
            {
                received += count;
                watch.Received(count);
                if (taker.Write(block.AsMemory(0, count)) is { } ended)
                {
                    return (new DownloadEnd.Ended(ended), "");
                }
            }
            return total is { } all && received != all ? Broken("it ended early") : (new DownloadEnd.Whole(), "");
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException)
        {
            return Broken(fault.Message);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private (DownloadEnd? End, string Broken) Broken(string why) => received > 0 && tag is null && modified is null
        ? (Failed($"Update failed: {Broke(why)}, and the server gives neither ETag nor Last-Modified by which to go on"), "")
        : (null, why);

    private string Broke(string why) => total is { } all
        ? Invariant($"the connection broke at byte {received} of {all} ({why})")
        : Invariant($"the connection broke at byte {received} ({why})");

    private static DownloadEnd.Ended Failed(string text) => new(UpdateResult.Failed(text));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
