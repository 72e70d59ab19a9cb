using System.Security.Cryptography;
using System.Text;

namespace Meerkat.Core.Access;

/// <summary>What digest authentication computes (RFC 7616, with qop "auth"); the same at HTTP and in frames.</summary>
public static class DigestScheme
{
    /// <summary>A digest in a frame covers neither the method called nor its arguments: these two stand in for them (specification 7.6).</summary>
    public const string FrameMethod = "dummy_method";

    /// <inheritdoc cref="FrameMethod"/>
    public const string FrameUri = "dummy_uri";

    /// <summary>The count in a frame, where every nonce is used once.</summary>
    public const string FrameCount = "1";

    /// <summary><c>MD5</c> or <c>SHA-256</c>.</summary>
    public static string Name(DigestAlgorithm algorithm) => algorithm switch
    {
        DigestAlgorithm.Md5 => "MD5",
        DigestAlgorithm.Sha256 => "SHA-256",
    };

    /// <summary>Nothing for an algorithm we do not have, among them those that end in <c>-sess</c>.</summary>
    public static DigestAlgorithm? Find(string name) =>
        name.Equals("MD5", StringComparison.OrdinalIgnoreCase) ? DigestAlgorithm.Md5
        : name.Equals("SHA-256", StringComparison.OrdinalIgnoreCase) ? DigestAlgorithm.Sha256
        : null;

    /// <summary>How many hexadecimal digits a hash has.</summary>
    public static int Digits(DigestAlgorithm algorithm) => algorithm switch
    {
        DigestAlgorithm.Md5 => 32,
        DigestAlgorithm.Sha256 => 64,
    };

    /// <summary>What a password file keeps of a password (HA1), in lower-case hexadecimal.</summary>
    public static string UserHash(DigestAlgorithm algorithm, string user, string realm, string password) =>
        Hash(algorithm, $"{user}:{realm}:{password}");

    /// <summary>The proof that its sender knows the password.</summary>
    public static string Response(DigestAlgorithm algorithm, string userHash, string nonce, string count, string clientNonce, string method, string uri) =>
        Hash(algorithm, $"{userHash}:{nonce}:{count}:{clientNonce}:auth:{Hash(algorithm, $"{method}:{uri}")}");

    /// <summary>Compares two responses in a time that does not tell where they differ.</summary>
    public static bool Same(string expected, string found) => CryptographicOperations.FixedTimeEquals(
        Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(found.ToLowerInvariant()));

    private static string Hash(DigestAlgorithm algorithm, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Convert.ToHexStringLower(algorithm switch
        {
            DigestAlgorithm.Md5 => MD5.HashData(bytes),
            DigestAlgorithm.Sha256 => SHA256.HashData(bytes),
        });
    }
}
