using System.Security.Cryptography.X509Certificates;

namespace Meerkat.Rpc.Client;

/// <summary>Whom a client trusts, and as whom it shows itself.</summary>
public sealed record TlsOptions
{
    /// <summary>Trusted instead of the system's; none: the system's.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Shown to the server, with its key.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Takes any certificate.</summary>
    public bool Unverified { get; init; }

    /// <summary>The name expected in the server's certificate; none: the address's.</summary>
    public string? ServerName { get; init; }
}
