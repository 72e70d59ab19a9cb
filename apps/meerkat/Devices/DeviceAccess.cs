using System.Security.Cryptography.X509Certificates;
using Meerkat.Core.Access;
using Meerkat.Rpc;

namespace Meerkat.Tool.Devices;

/// <summary>What is needed to be let in by a device: credentials, and whom to trust by TLS.</summary>
/// <param name="User">Who asks; nobody: the device asks for nothing.</param>
/// <param name="Authorities">The device's certificate must be one of theirs; none: of the system's.</param>
/// <param name="Own">Shown to the device; none: nothing.</param>
/// <param name="AnyCertificate">Whatever the device shows is accepted: whoever stands between can read and change everything.</param>
internal sealed record DeviceAccess(DigestAnswer? User, X509Certificate2Collection? Authorities, X509Certificate2? Own, bool AnyCertificate)
{
    public bool HasUser => User is not null;

    /// <summary>What sends requests to the device. A proxy for the Internet cannot reach it, and a redirect would repeat a request elsewhere.</summary>
    public HttpMessageHandler Open(Action<SocketsHttpHandler>? configure = null)
    {
        var plain = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        if (Own is not null)
        {
            plain.SslOptions.ClientCertificates = [Own];
        }
        if (AnyCertificate)
        {
#pragma warning disable CA5359 // The user said --insecure.
            plain.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (Authorities is not null)
        {
            plain.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            plain.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(Authorities);
        }
        configure?.Invoke(plain);
        return User is null ? plain : new DigestHttp(plain, User);
    }
}
