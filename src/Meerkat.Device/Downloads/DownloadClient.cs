using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Meerkat.Core.Updates;

namespace Meerkat.Device.Downloads;

/// <summary>Makes the HTTP client of one download.</summary>
internal static class DownloadClient
{
    public const int ConnectSeconds = 30;

    /// <exception cref="CryptographicException">A certificate file cannot be read.</exception>
    public static HttpClient Make(DownloadSettings settings, TimeProvider time)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(ConnectSeconds),
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            SslOptions = Tls(settings, time),
        };
        if (settings.MaxRate > 0)
        {
            // What the system takes in advance would be a burst on the line.
            var buffer = (int)Math.Clamp(settings.MaxRate / 4, 4 * 1024, 256 * 1024);
            handler.ConnectCallback = (context, cancellationToken) => ConnectAsync(context, buffer, cancellationToken);
        }
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, int buffer, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = buffer };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
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
            var certificate = X509Certificate2.CreateFromPem(settings.ClientCertificate, settings.ClientCertificate);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(settings.ClientCertificate);
            options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true);
        }
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (settings.Authorities.Length > 0)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPem(settings.Authorities);
            if (policy.CustomTrustStore.Count == 0)
            {
                throw new CryptographicException("update.ssl_ca_file holds no certificate in PEM");
            }
        }
        if (time.GetUtcNow() < RetryAfter.EarliestClock)
        {
            // A device whose clock was never set must stay updatable: who the server is still counts, the dates do not.
            policy.VerificationFlags |= X509VerificationFlags.IgnoreNotTimeValid;
        }
        options.CertificateChainPolicy = policy;
        return options;
    }
}
