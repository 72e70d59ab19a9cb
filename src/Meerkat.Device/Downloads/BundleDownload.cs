using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Meerkat.Core.Updates;
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

    private readonly RateLimit rate = new(settings.MaxRate, time);
    private Uri asked = new("http://0.0.0.0/");
    private Uri address = new("http://0.0.0.0/");
    private DownloadMark? mark;
    private long? total;
    private long received;
    private long known;
    private bool begun;

    /// <summary>The bundle that is not needed: the server is asked to say so instead of sending it.</summary>
    public KnownBundle? Unneeded { get; init; }

    /// <summary>What the server calls the bundle that it sends; none before it does, or when it has no name for it.</summary>
    public KnownBundle? Found { get; private set; }

    /// <summary>Downloads once; a further call needs a new instance.</summary>
    /// <param name="url">http or https.</param>
    /// <param name="taker">Gets the bytes, in order, each once.</param>
    /// <param name="cancellationToken">Gives up; the end is a failure then.</param>
    public async Task<DownloadEnd> RunAsync(Uri url, DownloadTaker taker, CancellationToken cancellationToken)
    {
        asked = url;
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
        using var watch = new StallWatch(stallLimit, time, cancellationToken) { PieceBytes = PieceBytes() };
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
                    return Failed($"Update failed: {Broke(broken!.Why)}, given up after {MostFruitlessTries} tries");
                }
                var pause = TimeSpan.FromSeconds(1 << (fruitless - 1));
                if (broken!.Rest > pause)
                {
                    pause = broken.Rest;
                }
                if (pause > stallLimit)
                {
                    return Failed($"Update failed: {Broke(broken.Why)}, and the server asks to be left alone for longer than the update waits");
                }
                log($"download: {Broke(broken.Why)}; trying again");
                await Task.Delay(pause, time, watch.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (watch.Expired)
        {
            return Failed(Invariant($"Update timed out: nothing came from the server for {watch.Limit.TotalSeconds:0} s"));
        }
        catch (OperationCanceledException)
        {
            return new DownloadEnd.Ended(UpdateResult.Failed("Update aborted"));
        }
        catch (CryptographicException fault)
        {
            return Failed($"Update failed: a certificate file cannot be read: {fault.Message}");
        }
    }

    /// <summary>A slow line must not be taken for a dead one when it is the device itself that holds it back.</summary>
    private int PieceBytes() => settings.MaxRate == 0
        ? StallWatch.UsualPieceBytes
        : (int)Math.Clamp(settings.MaxRate * stallLimit.TotalSeconds / 2, 1, StallWatch.UsualPieceBytes);

    /// <summary>One connection's worth. No end: it broke, and may be tried again.</summary>
    private async Task<(DownloadEnd? End, Break? Broken)> TryAsync(HttpClient client, DownloadTaker taker, StallWatch watch)
    {
        HttpResponseMessage response;
        try
        {
            response = await AskAsync(client, watch.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException fault)
        {
            var why = DownloadFault.Text(fault);
            return begun ? (null, new Break(why))
                : DownloadFault.IsBeforeTheRequest(fault) ? (Unreached(why), null)
                : (Failed($"Update failed: {why}"), null);
        }
        catch (OperationCanceledException) when (!watch.Token.IsCancellationRequested)
        {
            var why = $"no connection within {DownloadClient.ConnectSeconds} s";
            return begun ? (null, new Break(why)) : (Unreached(why), null);
        }
        using (response)
        {
            if (begun && IsPassing(response.StatusCode))
            {
                return (null, new Break(Invariant($"the server answered {(int)response.StatusCode}")) { Rest = Rest(response) ?? TimeSpan.Zero });
            }
            if (Refusal(response) is { } refused)
            {
                return (refused, null);
            }
            known = response.StatusCode == HttpStatusCode.OK ? received : 0;
            if (!begun)
            {
                begun = true;
                mark = DownloadMark.Of(response);
                total = response.Content.Headers.ContentLength;
                Found = response.Headers.ETag is { } tag ? new KnownBundle(address, tag) : null;
                if (taker.Begin(total) is { } unwanted)
                {
                    return (new DownloadEnd.Ended(unwanted), null);
                }
            }
            return await TakeBodyAsync(response, taker, watch).ConfigureAwait(false);
        }
    }

    private async Task<HttpResponseMessage> AskAsync(HttpClient client, CancellationToken cancellationToken)
    {
        if (!begun)
        {
            address = asked;
        }
        for (var redirects = 0; ; redirects++)
        {
            if (address.Scheme == "https" && settings.TlsProblem.Length > 0)
            {
                throw new CryptographicException(settings.TlsProblem);
            }
            using var request = DownloadRequest.Get(settings, asked, address);
            if (received > 0)
            {
                request.Headers.Range = new RangeHeaderValue(received, null);
                request.Headers.IfRange = mark!.Condition;
            }
            else if (Unneeded is { } unneeded && unneeded.Address == address)
            {
                request.Headers.IfNoneMatch.Add(unneeded.Tag);
            }
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            // One that is not followed is handed back as it is: an answer without a bundle.
            if (redirects == MostRedirects || Redirect.Of(address, response) is not Redirect.To(var next))
            {
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
        switch (Redirect.Of(address, response))
        {
            case Redirect.Refused(var reason):
                return Status(response, $" ({reason})");
            case Redirect.To:
                return Status(response, " (one redirect too many)");
            default:
                break;
        }
        if (response.StatusCode == HttpStatusCode.NotModified && !begun)
        {
            return new DownloadEnd.Ended(new UpdateResult(1, "Not Modified", false));
        }
        if (received == 0)
        {
            return response.StatusCode != HttpStatusCode.OK ? Status(response, "")
                : response.Content.Headers.ContentEncoding.Any(coding => !coding.Equals("identity", StringComparison.OrdinalIgnoreCase))
                    ? Failed($"Update failed: the server encodes the bundle ({string.Join(", ", response.Content.Headers.ContentEncoding)})")
                    : null;
        }
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return mark!.IsOf(response)
                ? null
                : Failed(Invariant($"Update failed: the connection broke after {received} bytes, and the server has another file now or cannot tell"));
        }
        var range = response.Content.Headers.ContentRange;
        var fits = response.StatusCode == HttpStatusCode.PartialContent
            && range is { HasRange: true } && range.From == received && (total is null || range.Length is null || range.Length == total)
            && (mark!.Tag is null || response.Headers.ETag is null || response.Headers.ETag.Equals(mark.Tag));
        return fits ? null : Failed(Invariant($"Update failed: asked to go on from byte {received}, the server answered {status} with range {range?.ToString() ?? "none"}"));
    }

    private async Task<(DownloadEnd? End, Break? Broken)> TakeBodyAsync(HttpResponseMessage response, DownloadTaker taker, StallWatch watch)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            var most = rate.Piece(block.Length);
            var body = await response.Content.ReadAsStreamAsync(watch.Token).ConfigureAwait(false);
            while (await body.ReadAsync(block.AsMemory(0, most), watch.Token).ConfigureAwait(false) is > 0 and var count)
            {
                watch.Received(count);
                // A server that knows no ranges sends the same file from its beginning.
                var again = (int)Math.Min(known, count);
                known -= again;
                received += count - again;
                if (count > again && taker.Write(block.AsMemory(again, count - again)) is { } ended)
                {
                    return (new DownloadEnd.Ended(ended), null);
                }
                await rate.TookAsync(count, watch.Token).ConfigureAwait(false);
            }
            return known > 0 || (total is { } all && received != all) ? Broken("it ended early") : (new DownloadEnd.Whole(), null);
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

    private (DownloadEnd? End, Break? Broken) Broken(string why) => received > 0 && mark is null
        ? (Failed($"Update failed: {Broke(why)}, and the server gives neither ETag nor Last-Modified by which to go on"), null)
        : (null, new Break(why));

    private string Broke(string why) => total is { } all
        ? Invariant($"the connection broke at byte {received} of {all} ({why})")
        : Invariant($"the connection broke at byte {received} ({why})");

    /// <summary>How long the server asks to be left alone; the answers that mean it are those of a server with too much to do.</summary>
    private TimeSpan? Rest(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable
            ? RetryAfter.Of(response.Headers.RetryAfter?.Delta, response.Headers.RetryAfter?.Date, response.Headers.Date, time.GetUtcNow())
            : null;

    private static bool IsPassing(HttpStatusCode status) => status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
        or HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    private DownloadEnd.Ended Status(HttpResponseMessage response, string more)
    {
        var status = (int)response.StatusCode;
        var rest = Rest(response);
        var later = rest is { } some ? Invariant($"; the server asks to be left alone for {some.TotalSeconds:0} s") : "";
        return new DownloadEnd.Ended(new UpdateResult(-status, Invariant($"Invalid HTTP response code {status}{more}{later}"), false), true, rest);
    }

    private static DownloadEnd.Ended Unreached(string why) => new(new UpdateResult(CannotConnect, $"Failed to connect: {why}", false), true);

    private static DownloadEnd.Ended Failed(string text) => new(UpdateResult.Failed(text), true);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>The connection broke, and may be tried again.</summary>
    private sealed record Break(string Why)
    {
        /// <summary>How long the server asks to be left alone.</summary>
        public TimeSpan Rest { get; init; }
    }
}
