using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Meerkat.Rpc.Client;

/// <summary>How a client proves itself and whom it trusts.</summary>
public sealed record TlsOptions
{
    /// <summary>Certificates trusted instead of the system's; null for the system's.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Shown to the server, with its key; null for none.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Take any certificate, as <c>mos</c> does where it is given no authorities.</summary>
    public bool Unverified { get; init; }

    /// <summary>Expected in the server's certificate instead of the address's host.</summary>
    public string? ServerName { get; init; }

    /// <summary>For a clock that was never set: who the server is counts, the dates of its certificate do not.</summary>
    public bool IgnoreDates { get; init; }

    /// <param name="host">Whom the connection is made to; null where the one who makes it fills that in.</param>
    public SslClientAuthenticationOptions For(string? host) => new()
    {
        TargetHost = string.IsNullOrEmpty(ServerName) ? host : ServerName,
        ClientCertificates = Certificate is { } own ? [own] : null,
        CertificateChainPolicy = Policy(),
        RemoteCertificateValidationCallback = (_, _, _, errors) => Unverified || errors == SslPolicyErrors.None,
    };

    /// <summary>How a server's certificate is judged. Revocation is not asked for: that needs a network that a device may not have.</summary>
    public X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (Authorities is { } authorities)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }
        if (IgnoreDates)
        {
            policy.VerificationFlags |= X509VerificationFlags.IgnoreNotTimeValid;
        }
        return policy;
    }
}
