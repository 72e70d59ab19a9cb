using System.Text.Json;
using System.Text.Json.Nodes;

namespace Meerkat.Core.Access;

/// <summary>The <c>auth</c> object of a frame (specification 7.6), once read. Unknown members are ignored.</summary>
public abstract record FrameAuth
{
    /// <summary>Far longer than any client's.</summary>
    private const int MostCharacters = 256;

    private FrameAuth()
    {
    }

    /// <param name="User">Who it says it is.</param>
    /// <param name="Realm">Of which realm.</param>
    /// <param name="Nonce">The device's nonce that it answers to, as written: it is part of the proof.</param>
    /// <param name="ClientNonce">Chosen by the sender, as written.</param>
    /// <param name="Response">The proof, hexadecimal.</param>
    /// <param name="Algorithm">MD5 where none is named.</param>
    public sealed record Parsed(string User, string Realm, string Nonce, string ClientNonce, string Response, string Algorithm) : FrameAuth
    {
        /// <summary>Whether its sender knows the password. Whether the nonce is one of ours, and not used before, is not looked at.</summary>
        public bool Proves(Credentials credentials, HtDigestFile passwords)
        {
            var known = passwords.UserHash(User, credentials.Realm, credentials.Algorithm);
            var expected = DigestScheme.Response(
                credentials.Algorithm, known ?? new string('0', DigestScheme.Digits(credentials.Algorithm)),
                Nonce, DigestScheme.FrameCount, ClientNonce, DigestScheme.FrameMethod, DigestScheme.FrameUri);
            return DigestScheme.Same(expected, Response) && known is not null;
        }
    }

    /// <param name="Reason">What is wrong with it, for people.</param>
    public sealed record Rejected(string Reason) : FrameAuth;

    /// <summary>Reads the object. Nonces come as numbers or as texts.</summary>
    public static FrameAuth Parse(JsonElement auth)
    {
        if (auth.ValueKind != JsonValueKind.Object)
        {
            return new Rejected("auth must be an object");
        }
        string[] names = ["username", "realm", "nonce", "cnonce", "response"];
        var values = names.Select(name => Text(auth, name)).ToArray();
        if (Array.FindIndex(values, value => value is null or "") is >= 0 and var missing)
        {
            return new Rejected($"auth has no usable \"{names[missing]}\"; it needs {string.Join(", ", names)}");
        }
        var algorithm = auth.TryGetProperty("algorithm", out _) ? Text(auth, "algorithm") : DigestScheme.Name(DigestAlgorithm.Md5);
        return algorithm is null
            ? new Rejected("auth has no usable \"algorithm\"")
            : new Parsed(values[0]!, values[1]!, values[2]!, values[3]!, values[4]!, algorithm);
    }

    /// <summary>The <c>message</c> of an error 401, which is JSON text (specification 7.6).</summary>
    public static string Challenge(Credentials credentials, long nonce) => new JsonObject
    {
        ["auth_type"] = "digest",
        ["nonce"] = nonce,
        ["nc"] = 1,
        ["realm"] = credentials.Realm,
        ["algorithm"] = DigestScheme.Name(credentials.Algorithm),
    }.ToJsonString();

    private static string? Text(JsonElement auth, string name)
    {
        if (!auth.TryGetProperty(name, out var value))
        {
            return null;
        }
        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.Undefined or JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.True or JsonValueKind.False
                or JsonValueKind.Null => null,
        };
        return text?.Length <= MostCharacters ? text : null;
    }
}
