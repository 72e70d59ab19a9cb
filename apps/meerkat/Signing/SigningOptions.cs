using System.Collections.Immutable;
using System.CommandLine;
using System.Security.Cryptography;
using Meerkat.Core.Signing;
using Meerkat.Tool.Bundles;

namespace Meerkat.Tool.Signing;

/// <summary>The options that sign a bundle, the same for <c>bundle create</c> and <c>bundle sign</c>.</summary>
/// <param name="keyName">The name of the option that gives a key.</param>
internal sealed class SigningOptions(string keyName)
{
    private const int StandardTimeoutSeconds = 60;
    private const int MostTimeoutSeconds = 3600;

    private readonly Option<string[]> keys = new(keyName)
    {
        HelpName = "[PLACE=]FILE",
        Description = "Sign with the private key in this PEM file; may be repeated. Without PLACE= the keys go into places 0, 1, "
            + "... as they come; an empty value leaves one out.",
    };

    private readonly Option<string[]> commands = new("--sign-command")
    {
        HelpName = "[PLACE=]COMMAND",
        Description = $"Sign with a command, for a key in an HSM; placed in one row with {keyName}. /bin/sh runs it; the SHA-256 to be "
            + "signed, 32 bytes, is its standard input, the signature, in DER or Base64 of it, its standard output.",
    };

    private readonly Option<int> timeout = new("--sign-timeout")
    {
        HelpName = "SECONDS",
        DefaultValueFactory = _ => StandardTimeoutSeconds,
        Description = "How long a --sign-command may take.",
    };

    private readonly Option<string[]> publicKeys = new("--public-key")
    {
        HelpName = "[PLACE=]FILE",
        Description = "Write nothing unless the signature in this place holds under the public key in this PEM file; placed in a row of its own.",
    };

    public Option<string?> PassphraseFile { get; } = PassphraseOption();

    public IEnumerable<Option> All => [keys, commands, timeout, publicKeys, PassphraseFile];

    public static Option<string?> PassphraseOption() => new("--passphrase-file")
    {
        HelpName = "FILE",
        Description = $"The first line of this file is the passphrase of encrypted keys; else {Passphrase.Variable} in the environment is, "
            + "else it is asked for on the terminal.",
    };

    /// <summary>The names of the signatures that are asked for.</summary>
    public IEnumerable<string> Places(ParseResult given) =>
        Placed.Of(given, keys, commands).Select(each => each.Place).Order().Select(SignatureCheck.Name);

    /// <summary>Signs the manifest.</summary>
    /// <returns>Signatures by name, <c>sig0</c> to <c>sig7</c>; none when none is asked for.</returns>
    /// <exception cref="ToolException">One cannot be made, or does not hold.</exception>
    public async Task<ImmutableSortedDictionary<string, string>> SignAsync(
        ParseResult given,
        ReadOnlyMemory<byte> manifest,
        ImmutableSortedDictionary<string, string> before,
        CancellationToken cancellationToken)
    {
        var wanted = Placed.Of(given, keys, commands);
        var seconds = given.GetValue(timeout);
        if (seconds is < 1 or > MostTimeoutSeconds)
        {
            throw new ToolException($"--sign-timeout takes 1 to {MostTimeoutSeconds} seconds, not {seconds}.", ExitCode.Usage);
        }
        var passphrase = new Passphrase(given.GetValue(PassphraseFile));
        var known = Placed.Of(given, publicKeys).ToDictionary(each => each.Place, each => (each.Value, KeyFile.ReadPublic(each.Value, passphrase)));
        var signatures = before.Clear();
        var digest = SHA256.HashData(manifest.Span);
        foreach (var each in wanted)
        {
            byte[] der;
            if (each.Option == commands)
            {
                der = await ShellSigner.SignAsync(each.Value, digest, TimeSpan.FromSeconds(seconds), cancellationToken);
            }
            else
            {
                using var key = KeyFile.ReadPrivate(each.Value, passphrase);
                der = key.SignHash(digest, DSASignatureFormat.Rfc3279DerSequence);
                if (!key.VerifyHash(digest, der, DSASignatureFormat.Rfc3279DerSequence))
                {
                    throw new ToolException($"{each.Value}: the private key and the public key in this file do not belong together");
                }
            }
            signatures = signatures.Add(SignatureCheck.Name(each.Place), Convert.ToBase64String(der));
        }
        Check(manifest.Span, before.SetItems(signatures), known);
        return signatures;
    }

    private static void Check(
        ReadOnlySpan<byte> manifest, ImmutableSortedDictionary<string, string> attributes, Dictionary<int, (string File, string Key)> known)
    {
        var findings = BundleSignatures.Look(manifest, attributes, known);
        if (findings.FirstOrDefault(at => known.ContainsKey(at.Place) && at.State != SignatureState.Holds) is { } wrong)
        {
            throw new ToolException($"{wrong.Text}; nothing was written");
        }
    }
}
