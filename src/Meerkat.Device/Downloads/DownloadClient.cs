using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Meerkat.Device.Downloads;

/// <summary>Makes the HTTP client of one download.</summary>
internal static class DownloadClient
{
    /// <summary>No device was made before this; a clock that shows less has not been set.</summary>
    internal static readonly DateTimeOffset EarliestClock = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <exception cref="CryptographicException">A certificate file cannot be read.</exception>
    public static HttpClient Make(DownloadSettings settings, TimeProvider time)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            SslOptions = Tls(settings, time),
        };
        var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        var headers = client.DefaultRequestHeaders;
        headers.TryAddWithoutValidation("X-MGOS-Device-ID", Plain(settings.DeviceId));
        headers.TryAddWithoutValidation("X-MGOS-FW-Version", Plain(settings.Version));
        headers.TryAddWithoutValidation("User-Agent", Plain(settings.UserAgent));
        foreach (var line in settings.ExtraHeaders.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(':', 2, StringSplitOptions.TrimEntries) is [{ Length: > 0 } name, var value])
            {
                headers.TryAddWithoutValidation(name, Plain(value));
            }
        }
        return client;
    }

    private static SslClientAuthenticationOptions Tls(DownloadSettings settings, TimeProvider time)
    {
        var options = new SslClientAuthenticationOptions();
        if (settings.ServerName.Length > 0)
        {
            options.TargetHost = settings.ServerName;
        }
        if (settings.ClientCertificate.Length > 0)
        {
            options.ClientCertificates = [X509Certificate2.CreateFromPem(settings.ClientCertificate, settings.ClientCertificate)];
        }
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        if (settings.Authorities.Length > 0)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPem(settings.Authorities);
        }
        if (time.GetUtcNow() < EarliestClock)
        {
            // A device whose clock was never set must stay updatable: who the server is still counts, the dates do not.
            policy.VerificationFlags |= X509VerificationFlags.IgnoreNotTimeValid;
        }
        options.CertificateChainPolicy = policy;
        return options;
    }

    /// <summary>Headers are ASCII; anything else in a version or a name is left out.</summary>
    private static string Plain(string text) => string.Concat(text.Where(letter => letter is >= ' ' and <= '~'));
}
