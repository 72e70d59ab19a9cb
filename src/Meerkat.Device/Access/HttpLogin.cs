using System.Globalization;
using Meerkat.Core.Access;
using Meerkat.Device.Configuration;

namespace Meerkat.Device.Access;

/// <summary>Who sends a request, from its <c>Authorization</c> header (RFC 7616, specification 5.4).</summary>
public sealed class HttpLogin(ConfigStore config, Passwords passwords, TimeProvider time)
{
    private readonly NonceTable nonces = new(time, bits: 128);

    /// <summary>What <c>/update*</c>, the page and <c>/metrics</c> ask for; nothing: they are open.</summary>
    public Credentials? ForPages => Credentials.Http(config.Values);

    /// <summary>What calls over HTTP are made with: those of <c>rpc.auth_*</c>, else those of <c>http.auth_*</c>.</summary>
    public Credentials? ForCalls => Credentials.Calls(config.Values);

    /// <summary>Looks at the password file, so that the log tells at the start what is wrong with it.</summary>
    public void Check(Credentials credentials) => passwords.Read(credentials);

    /// <summary>Looks at a request's header. Each proof counts once: ask once for each request.</summary>
    /// <param name="credentials">What is asked for.</param>
    /// <param name="header">All of the header; empty when there is none.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="target">The request's target as it came, with its query.</param>
    public HttpUser Check(Credentials credentials, string header, string method, string target)
    {
        if (header.Length == 0
            || DigestAuthorization.Parse(header) is not { } given
            || passwords.Read(credentials) is not { } known
            || !given.Proves(credentials, known, method, target))
        {
            return new HttpUser(null, Stale: false);
        }
        return UInt128.TryParse(given.Nonce, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var nonce)
            && nonces.TryUse(nonce, given.CountValue)
            ? new HttpUser(given.User, Stale: false)
            : new HttpUser(null, Stale: true);
    }

    /// <summary>
    /// The <c>WWW-Authenticate</c> header of a 401. All values are quoted but the last: the readers of some clients, <c>mos</c> among them,
    /// take a bare value with the comma after it.
    /// </summary>
    /// <param name="credentials">What is asked for.</param>
    /// <param name="stale">The password was right, the nonce is not one to be used: a browser then need not ask its user again.</param>
    public string Challenge(Credentials credentials, bool stale) => string.Create(
        CultureInfo.InvariantCulture,
        $"Digest qop=\"auth\", realm=\"{Quoted(credentials.Realm)}\", nonce=\"{nonces.Issue():x32}\"{(stale ? ", stale=\"true\"" : "")}, algorithm={DigestScheme.Name(credentials.Algorithm)}");

    /// <summary>Characters that no header may have become question marks.</summary>
    private static string Quoted(string text) => string.Concat(text.Select(c => c is '"' or '\\' ? $"\\{c}" : c is < ' ' or > '~' ? "?" : $"{c}"));
}
