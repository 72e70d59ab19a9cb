using System.Security.Cryptography;
using System.Text;

namespace Meerkat.Tool.Signing;

/// <summary>
/// Old PEM encryption (RFC 1423, section 1.1), as OpenSSL writes it with <c>openssl ec -aes256</c>. The framework does not read it. The
/// key is the passphrase and a salt hashed once with MD5, and again for each further 16 bytes (OpenSSL's EVP_BytesToKey).
/// </summary>
internal static class EncryptedPem
{
    private const int SaltBytes = 8;

    public static bool IsEncrypted(PemBlock block) =>
        block.Headers.TryGetValue("Proc-Type", out var type) && type.EndsWith(",ENCRYPTED", StringComparison.Ordinal);

    /// <summary>What was encrypted.</summary>
    /// <exception cref="FormatException">The header says something that is not read here.</exception>
    /// <exception cref="CryptographicException">The passphrase is wrong; it may also be wrong where nothing is thrown.</exception>
    public static byte[] Decrypt(PemBlock block, string passphrase)
    {
        if (!block.Headers.TryGetValue("DEK-Info", out var info) || info.Split(',') is not [var name, var hex])
        {
            throw new FormatException("it is encrypted, and its header DEK-Info does not say how");
        }
        using SymmetricAlgorithm? cipher = name.ToUpperInvariant() switch
        {
            "AES-128-CBC" => Aes(128),
            "AES-192-CBC" => Aes(192),
            "AES-256-CBC" => Aes(256),
            "DES-EDE3-CBC" => TripleDES.Create(),
            _ => throw new FormatException($"it is encrypted with {name}; read are AES-128-CBC, AES-192-CBC, AES-256-CBC and DES-EDE3-CBC"),
        };
        byte[] start;
        try
        {
            start = Convert.FromHexString(hex.Trim());
        }
        catch (FormatException)
        {
            start = [];
        }
        if (start.Length != cipher.BlockSize / 8)
        {
            throw new FormatException($"its header DEK-Info must name {cipher.BlockSize / 8} bytes in hexadecimal, not '{hex}'");
        }
        cipher.Key = Key(Encoding.UTF8.GetBytes(passphrase), start.AsSpan(0, SaltBytes), cipher.KeySize / 8);
        return cipher.DecryptCbc(block.Content, start);
    }

    private static Aes Aes(int bits)
    {
        var aes = System.Security.Cryptography.Aes.Create();
        aes.KeySize = bits;
        return aes;
    }

    private static byte[] Key(byte[] passphrase, ReadOnlySpan<byte> salt, int length)
    {
        var key = new List<byte>();
        byte[] last = [];
        while (key.Count < length)
        {
            last = MD5.HashData([.. last, .. passphrase, .. salt]);
            key.AddRange(last);
        }
        return [.. key.Take(length)];
    }
}
