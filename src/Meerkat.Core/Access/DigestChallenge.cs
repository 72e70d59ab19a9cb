using System.Text.Json;
using Meerkat.Core.Values;

namespace Meerkat.Core.Access;

/// <summary>What a device asks for, as a client reads it.</summary>
/// <param name="Realm">Of which password.</param>
/// <param name="Nonce">As it came: at HTTP any text, in frames a whole number.</param>
/// <param name="Algorithm">The hash.</param>
/// <param name="Opaque">To be sent back; nothing when there is none.</param>
public sealed record DigestChallenge(string Realm, string Nonce, DigestAlgorithm Algorithm, string? Opaque = null)
{
    private const int MaxDepth = 8;

    /// <summary>Reads a <c>WWW-Authenticate</c> header after its word <c>Digest</c>. Nothing for one that we cannot answer.</summary>
    public static DigestChallenge? Parse(string parameters)
    {
        if (HeaderParameters.Parse(parameters) is not { } found
            || !found.TryGetValue("realm", out var realm)
            || !found.TryGetValue("nonce", out var nonce)
            || !found.TryGetValue("qop", out var qop) || !qop.Split(',').Any(one => one.Trim().Equals("auth", StringComparison.OrdinalIgnoreCase))
            || DigestScheme.Find(found.GetValueOrDefault("algorithm", "MD5")) is not { } algorithm)
        {
            return null;
        }
        return new DigestChallenge(realm, nonce, algorithm, found.GetValueOrDefault("opaque"));
    }

    /// <summary>Reads the <c>message</c> of an error 401 in a frame (specification 7.6). Nothing for one that we cannot answer.</summary>
    public static DigestChallenge? ParseFrame(string message)
    {
        JsonElement json;
        try
        {
            json = StrictJson.Parse(System.Text.Encoding.UTF8.GetBytes(message), MaxDepth);
        }
        catch (JsonException)
        {
            return null;
        }
        return json.ValueKind == JsonValueKind.Object
            && json.TryGetProperty("realm", out var realm) && realm.ValueKind == JsonValueKind.String
            && json.TryGetProperty("nonce", out var nonce) && nonce.ValueKind is (JsonValueKind.Number or JsonValueKind.String)
            && DigestScheme.Find(json.TryGetProperty("algorithm", out var named) && named.ValueKind == JsonValueKind.String ? named.GetString()! : "MD5")
                is { } algorithm
            ? new DigestChallenge(realm.GetString()!, nonce.ToString(), algorithm)
            : null;
    }
}
