using System.Security.Cryptography;
using System.Text;
using Meerkat.Core.Signing;

namespace Meerkat.Tool.Signing;

/// <summary>
/// Keys in PEM files: <c>EC PRIVATE KEY</c> (SEC 1), also in old encryption, <c>PRIVATE KEY</c> and <c>ENCRYPTED PRIVATE KEY</c>
/// (PKCS #8), <c>PUBLIC KEY</c>. Only keys on P-256 are taken.
/// </summary>
internal static class KeyFile
{
    /// <summary>A key of this kind takes some hundred bytes.</summary>
    private const int MostBytes = 1 << 16;

    private const string Ec = "EC PRIVATE KEY";
    private const string Plain = "PRIVATE KEY";
    private const string Encrypted = "ENCRYPTED PRIVATE KEY";
    private const string Public = "PUBLIC KEY";

    /// <summary>DER of the object identifier of scrypt (RFC 7914), which the framework cannot undo.</summary>
    private static ReadOnlySpan<byte> Scrypt => [0x06, 0x09, 0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x04, 0x0B];

    /// <exception cref="ToolException">There is no key that can sign in this file.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ECDsa ReadPrivate(string path, Passphrase passphrase)
    {
        var block = Read(path);
        return block.Label == Public
            ? throw new ToolException($"{path} holds a public key, which cannot sign; give the private key that it belongs to")
            : Open(path, block, passphrase);
    }

    /// <summary>A public key, or the public half of a private one.</summary>
    /// <returns>What <c>update.key0</c> to <c>update.key7</c> hold: Base64 of the DER SubjectPublicKeyInfo.</returns>
    /// <exception cref="ToolException">There is no key in this file.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static string ReadPublic(string path, Passphrase passphrase)
    {
        using var key = Open(path, Read(path), passphrase);
        return Text(key);
    }

    /// <summary>What <c>update.key0</c> to <c>update.key7</c> hold.</summary>
    public static string Text(ECDsa key) => Convert.ToBase64String(key.ExportSubjectPublicKeyInfo());

    /// <summary>The one key of a file. Curve parameters, which OpenSSL writes before a key, and certificates are none.</summary>
    private static PemBlock Read(string path)
    {
        var text = ReadText(path);
        List<PemBlock> blocks;
        try
        {
            blocks = PemBlock.Read(text);
        }
        catch (FormatException fault)
        {
            throw new ToolException($"{path} is not a PEM file with a key: {fault.Message}");
        }
        var keys = blocks.Where(block => block.Label.EndsWith("KEY", StringComparison.Ordinal)).ToList();
        if (keys is [{ Label: Ec or Plain or Encrypted or Public } one])
        {
            return one;
        }
        throw new ToolException(keys switch
        {
            [] when blocks is [var other, ..] => $"{path} holds no key, but {other.Label}",
            [] => $"{path} is not a PEM file: the line '-----BEGIN ... KEY-----' is missing",
            [var other] => $"{path} holds {other.Label}; needed is a key on P-256 as {Ec}, {Plain} or {Encrypted} (openssl writes these)",
            _ => $"{path} holds {keys.Count} keys ({string.Join(", ", keys.Select(key => key.Label))}); which one is meant? Give a file with one",
        });
    }

    private static string ReadText(string path)
    {
        if (Directory.Exists(path))
        {
            throw new ToolException($"{path} is a folder; a key is a file");
        }
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        var bytes = new byte[MostBytes + 1];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length <= MostBytes ? Encoding.Latin1.GetString(bytes, 0, length)
            : throw new ToolException($"{path} is no key: it has more than {MostBytes} bytes");
    }

    private static ECDsa Open(string path, PemBlock block, Passphrase passphrase)
    {
        var key = ECDsa.Create();
        try
        {
            Import(path, key, block, passphrase);
            var curve = key.ExportParameters(includePrivateParameters: false).Curve;
            if (!curve.IsNamed || curve.Oid.Value != EcdsaSignature.CurveOid)
            {
                throw new ToolException($"{path} is a key on {Name(curve)}; bundles are signed on P-256 (prime256v1)");
            }
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    private static void Import(string path, ECDsa key, PemBlock block, Passphrase passphrase)
    {
        var old = EncryptedPem.IsEncrypted(block);
        var secret = old || block.Label == Encrypted ? passphrase.For(path) : null;
        try
        {
            switch (block.Label)
            {
                case Ec:
                    key.ImportECPrivateKey(old ? EncryptedPem.Decrypt(block, secret!) : block.Content, out _);
                    break;
                case Plain:
                    key.ImportPkcs8PrivateKey(block.Content, out _);
                    break;
                case Encrypted:
                    key.ImportEncryptedPkcs8PrivateKey(secret, block.Content, out _);
                    break;
                default:
                    key.ImportSubjectPublicKeyInfo(block.Content, out _);
                    break;
            }
        }
        catch (FormatException fault)
        {
            throw new ToolException($"{path} cannot be read: {fault.Message}");
        }
        catch (CryptographicException) when (block.Content.AsSpan().IndexOf(Scrypt) >= 0)
        {
            throw new ToolException($"{path} is encrypted with scrypt, which is not read here; "
                + $"convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc -in {path} -out NEW");
        }
        catch (CryptographicException fault)
        {
            throw new ToolException(secret is null
                ? $"{path} holds no EC key: {fault.Message}"
                : $"{path} cannot be opened with this passphrase: {fault.Message}");
        }
    }

    private static string Name(ECCurve curve) => curve switch
    {
        { IsNamed: false } => "a curve that it describes itself, without a name",
        { Oid.Value: "1.3.132.0.34" } => "P-384",
        { Oid.Value: "1.3.132.0.35" } => "P-521",
        { Oid.Value: "1.3.132.0.10" } => "secp256k1",
        _ => $"the curve {curve.Oid.FriendlyName ?? curve.Oid.Value}",
    };
}
