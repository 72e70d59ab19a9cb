using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Meerkat.Rpc;
using Meerkat.Rpc.Client;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Updates;

/// <summary>
/// Sends a bundle to <c>/update</c> as specification 5.1 and 5.4b want it: <c>commit_timeout</c> first, Content-Length, no Expect.
/// </summary>
internal static class FirmwareUpload
{
    private const int MaxAnswerBytes = 64 * 1024;

    /// <summary>How long a device that is asked first may think about it.</summary>
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(3);

    /// <param name="address">The device's <c>/update</c>.</param>
    /// <param name="access">Credentials and certificates. With credentials the device is asked before the bundle is sent, which then goes out once.</param>
    /// <param name="file">The bundle.</param>
    /// <param name="wishes">Sent before the bundle, so that the device knows them when it begins.</param>
    /// <param name="stall">Gives up when nothing moves for so long.</param>
    /// <param name="onSent">Told how many bytes have gone out.</param>
    /// <param name="cancellationToken">Breaks the upload off; the device then forgets it.</param>
    /// <returns>What the device says, in one line.</returns>
    /// <exception cref="UploadClosedException">The device takes no bundles by POST.</exception>
    /// <exception cref="ToolException">The device refused or the upload stalled.</exception>
    /// <exception cref="RpcTransportException">The device was not reached, or the connection broke.</exception>
    public static async Task<string> SendAsync(
        Uri address, ClientAccess access, FileStream file, UploadWishes wishes, TimeSpan stall, Action<long> onSent, CancellationToken cancellationToken)
    {
        using var watch = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        watch.CancelAfter(stall);
        using var form = new MultipartFormDataContent($"meerkat-{Random.Shared.NextInt64():x16}");
        if (wishes.CommitTimeoutSeconds is { } seconds)
        {
            form.Add(Part(new StringContent(seconds.ToString(CultureInfo.InvariantCulture)), "commit_timeout", null));
        }
        if (!wishes.Activate)
        {
            form.Add(Part(new StringContent("false"), "activate", null));
        }
        if (wishes.Force)
        {
            form.Add(Part(new StringContent("true"), "force", null));
        }
        form.Add(Part(new FileContent(file, Sent), "file", PlainName(file.Name)));

        using var handler = access.Open(plain =>
        {
            plain.ConnectCallback = EarlyAnswerStream.ConnectAsync;
            plain.Expect100ContinueTimeout = AskTimeout;
        });
        using var http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswerBytes };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("meerkat", null));
        // Devices that do not know this (Mongoose OS) let it run out, and get the bundle then.
        http.DefaultRequestHeaders.ExpectContinue = access.HasUser ? true : null;
        try
        {
            using var response = await http.PostAsync(address, form, watch.Token);
            var text = Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(watch.Token)).Trim().ReplaceLineEndings(" ");
            return response.IsSuccessStatusCode ? text
                : IsClosed(response.StatusCode, text) ? throw new UploadClosedException()
                : throw Refused(address, (int)response.StatusCode, text);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ToolException(string.Create(
                CultureInfo.InvariantCulture,
                $"{address} took nothing for {stall.TotalSeconds:0.#} s; the upload was broken off, the device keeps what it runs"));
        }
        catch (HttpRequestException e)
        {
            throw RpcTransportException.From(address, e);
        }

        void Sent(long bytes)
        {
            watch.CancelAfter(stall);
            onSent(bytes);
        }
    }

    /// <summary>There is no such endpoint, or <c>update.enable_post</c> is false (specification 5.1).</summary>
    private static bool IsClosed(HttpStatusCode status, string text) =>
        status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed
        || (status == HttpStatusCode.BadRequest && text.StartsWith("POST updates are disabled", StringComparison.OrdinalIgnoreCase));

    private static ToolException Refused(Uri address, int status, string text) => new(status switch
    {
        401 => $"{address} wants the name of a user it knows, and the password (--user)",
        _ => $"the device refused the update (HTTP status {status}): {(text.Length > 0 ? text : "no reason given")}",
    });

    /// <summary>Devices read <c>name</c> and <c>filename</c> only, quoted or not, and never <c>filename*</c>.</summary>
    private static HttpContent Part(HttpContent content, string name, string? fileName)
    {
        content.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data") { Name = $"\"{name}\"" };
        if (fileName is not null)
        {
            content.Headers.ContentDisposition.Parameters.Add(new NameValueHeaderValue("filename", $"\"{fileName}\""));
        }
        return content;
    }

    private static string PlainName(string path) =>
        string.Concat(Path.GetFileName(path).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_'));
}
