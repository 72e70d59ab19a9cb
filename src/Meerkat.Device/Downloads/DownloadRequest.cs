using System.Text;

namespace Meerkat.Device.Downloads;

/// <summary>What the device tells a server about itself (specification, section 6).</summary>
internal static class DownloadRequest
{
    private const int HttpPort = 80;
    private const int HttpsPort = 443;

    /// <param name="settings">What is told.</param>
    /// <param name="asked">The address that the device was given.</param>
    /// <param name="address">The one it asks now, after redirects.</param>
    public static HttpRequestMessage Get(DownloadSettings settings, Uri asked, Uri address)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        var headers = request.Headers;
        headers.TryAddWithoutValidation("X-MGOS-Device-ID", Plain(settings.DeviceId));
        headers.TryAddWithoutValidation("X-MGOS-FW-Version", Plain(settings.Version));
        headers.TryAddWithoutValidation("User-Agent", Plain(settings.UserAgent));
        // A bundle is read as it comes.
        headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        if (IsOwn(asked, address))
        {
            AddSecrets(request, settings, asked);
        }
        return request;
    }

    /// <summary>The extra headers and the address's own user are secrets between the device and the server it was told to ask.</summary>
    private static void AddSecrets(HttpRequestMessage request, DownloadSettings settings, Uri asked)
    {
        foreach (var line in settings.ExtraHeaders.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(':', 2, StringSplitOptions.TrimEntries) is [{ Length: > 0 } name, var value])
            {
                request.Headers.TryAddWithoutValidation(name, Plain(value));
            }
        }
        if (asked.UserInfo.Length > 0 && !request.Headers.NonValidated.Contains("Authorization"))
        {
            var user = Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(asked.UserInfo)));
            request.Headers.TryAddWithoutValidation("Authorization", $"Basic {user}");
        }
    }

    /// <summary>The same server, or the same one where it has moved from http to https.</summary>
    private static bool IsOwn(Uri asked, Uri address) =>
        string.Equals(asked.IdnHost, address.IdnHost, StringComparison.OrdinalIgnoreCase)
        && ((asked.Scheme == address.Scheme && asked.Port == address.Port)
            || (asked is { Scheme: "http", Port: HttpPort } && address is { Scheme: "https", Port: HttpsPort }));

    /// <summary>Headers are ASCII; anything else in a version or a name is left out.</summary>
    private static string Plain(string text) => string.Concat(text.Where(letter => letter is >= ' ' and <= '~'));
}
