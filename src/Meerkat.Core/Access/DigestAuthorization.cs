using System.Globalization;

namespace Meerkat.Core.Access;

/// <summary>An <c>Authorization: Digest</c> header, once read (RFC 7616).</summary>
/// <param name="User">Who it says it is.</param>
/// <param name="Realm">Of which realm.</param>
/// <param name="Nonce">The device's nonce that it answers to.</param>
/// <param name="Uri">The request's target, as its sender knows it.</param>
/// <param name="Count">How often the nonce was used, as written: it is part of the proof.</param>
/// <param name="CountValue">The same as a number.</param>
/// <param name="ClientNonce">Chosen by the sender.</param>
/// <param name="Response">The proof, hexadecimal.</param>
/// <param name="Algorithm">As named; nothing when it is not.</param>
public sealed record DigestAuthorization(
    string User, string Realm, string Nonce, string Uri, string Count, uint CountValue, string ClientNonce, string Response, string? Algorithm)
{
    private const string Scheme = "Digest ";

    /// <summary>
    /// Nothing when the header is of another scheme, damaged, or lacks what keeps a proof from being sent twice (<c>qop=auth</c>, <c>nc</c>,
    /// <c>cnonce</c>).
    /// </summary>
    public static DigestAuthorization? Parse(string header)
    {
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || HeaderParameters.Parse(header[Scheme.Length..]) is not { } found
            || !found.TryGetValue("qop", out var qop) || !qop.Equals("auth", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        return found.TryGetValue("username", out var user)
            && found.TryGetValue("realm", out var realm)
            && found.TryGetValue("nonce", out var nonce)
            && found.TryGetValue("uri", out var uri)
            && found.TryGetValue("nc", out var count) && count.Length <= 8
            && uint.TryParse(count, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            && found.TryGetValue("cnonce", out var clientNonce)
            && found.TryGetValue("response", out var response)
            ? new DigestAuthorization(user, realm, nonce, uri, count, number, clientNonce, response, found.GetValueOrDefault("algorithm"))
            : null;
    }

    /// <summary>
    /// Whether its sender knows the password and means this request. Whether the nonce is one of ours, and not used before, is not looked at.
    /// </summary>
    /// <param name="credentials">Which realm, and how it is proved.</param>
    /// <param name="passwords">Who may in.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="target">The request's target: path and query, as it came.</param>
    public bool Proves(Credentials credentials, HtDigestFile passwords, string method, string target)
    {
        var named = Algorithm is null ? credentials.Algorithm : DigestScheme.Find(Algorithm);
        if (named != credentials.Algorithm || Realm != credentials.Realm || !IsTarget(Uri, target))
        {
            return false;
        }
        // An unknown user takes as long as a known one.
        var known = passwords.UserHash(User, Realm, credentials.Algorithm);
        var expected = DigestScheme.Response(
            credentials.Algorithm, known ?? new string('0', DigestScheme.Digits(credentials.Algorithm)), Nonce, Count, ClientNonce, method, Uri);
        return DigestScheme.Same(expected, Response) && known is not null;
    }

    /// <summary>A client that believes to talk to a proxy names the whole address.</summary>
    private static bool IsTarget(string uri, string target) =>
        uri == target
        || (System.Uri.TryCreate(uri, UriKind.Absolute, out var whole) && whole.Scheme is ("http" or "https") && whole.PathAndQuery == target);
}
