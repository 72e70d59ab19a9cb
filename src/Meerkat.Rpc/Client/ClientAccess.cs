using Meerkat.Core.Access;

namespace Meerkat.Rpc.Client;

/// <summary>What a client needs to be let in by a device: credentials, and whom it trusts by TLS.</summary>
/// <param name="User">Who asks; nobody: the device asks for nothing.</param>
/// <param name="Tls">For the transports that have it.</param>
public sealed record ClientAccess(DigestAnswer? User, TlsOptions Tls)
{
    /// <summary>No credentials, and the system's authorities.</summary>
    public static ClientAccess None { get; } = new(null, new TlsOptions());

    public bool HasUser => User is not null;

    /// <summary>What sends HTTP requests to the device. A proxy for the Internet cannot reach it, and a redirect would repeat a request elsewhere.</summary>
    public HttpMessageHandler Open(Action<SocketsHttpHandler>? configure = null)
    {
        var plain = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, SslOptions = Tls.For(null) };
        configure?.Invoke(plain);
        return User is null ? plain : new DigestHttp(plain, User);
    }
}
