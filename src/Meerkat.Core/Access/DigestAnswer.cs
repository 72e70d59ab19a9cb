using System.Globalization;
using System.Text.Json.Nodes;

namespace Meerkat.Core.Access;

/// <summary>What a client answers to a <see cref="DigestChallenge"/>.</summary>
/// <param name="User">Its name.</param>
/// <param name="Password">Its password, which is not sent.</param>
public sealed record DigestAnswer(string User, string Password)
{
    /// <summary>The <c>Authorization</c> header after its word <c>Digest</c>.</summary>
    /// <param name="challenge">What the device asked for.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="target">The request's path and query.</param>
    /// <param name="clientNonce">Chosen by chance, without quotes.</param>
    /// <param name="count">How often the nonce has been used with this one, from 1.</param>
    public string Header(DigestChallenge challenge, string method, string target, string clientNonce, uint count)
    {
        var number = count.ToString("x8", CultureInfo.InvariantCulture);
        var hash = DigestScheme.UserHash(challenge.Algorithm, User, challenge.Realm, Password);
        var response = DigestScheme.Response(challenge.Algorithm, hash, challenge.Nonce, number, clientNonce, method, target);
        return $"username=\"{Quoted(User)}\", realm=\"{Quoted(challenge.Realm)}\", nonce=\"{Quoted(challenge.Nonce)}\", uri=\"{target}\", "
            + $"algorithm={DigestScheme.Name(challenge.Algorithm)}, qop=auth, nc={number}, cnonce=\"{clientNonce}\", response=\"{response}\""
            + (challenge.Opaque is { } opaque ? $", opaque=\"{Quoted(opaque)}\"" : "");
    }

    /// <summary>The <c>auth</c> object of a frame.</summary>
    /// <param name="challenge">What the device asked for.</param>
    /// <param name="clientNonce">Chosen by chance, from 0 to 2^31 - 1, which the smallest devices can read.</param>
    public JsonObject Frame(DigestChallenge challenge, int clientNonce)
    {
        var number = clientNonce.ToString(CultureInfo.InvariantCulture);
        var hash = DigestScheme.UserHash(challenge.Algorithm, User, challenge.Realm, Password);
        return new JsonObject
        {
            ["realm"] = challenge.Realm,
            ["username"] = User,
            ["nonce"] = long.TryParse(challenge.Nonce, NumberStyles.None, CultureInfo.InvariantCulture, out var nonce) ? nonce : challenge.Nonce,
            ["cnonce"] = clientNonce,
            ["algorithm"] = DigestScheme.Name(challenge.Algorithm),
            ["response"] = DigestScheme.Response(
                challenge.Algorithm, hash, challenge.Nonce, DigestScheme.FrameCount, number, DigestScheme.FrameMethod, DigestScheme.FrameUri),
        };
    }

    private static string Quoted(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
}
