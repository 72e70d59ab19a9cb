using System.Collections.Immutable;
using System.CommandLine;
using Meerkat.Core.Bundles;
using Meerkat.Tool.Bundles;
using Meerkat.Tool.Files;
using Meerkat.Tool.Signing;

namespace Meerkat.Tool.Commands;

/// <summary><c>meerkat bundle sign</c>: adds signatures to a bundle that is there.</summary>
internal static class BundleSignCommand
{
    private const string About = """
        Sign a bundle, also one that another tool made. Its manifest, its parts and the signatures in
        other places stay as they are; a signature in the same place is replaced.

        A signature covers the manifest, and by its digests the parts. A device takes the bundle when the
        places that its update.sig_req_mask names hold under its update.key0 to update.key7; what belongs
        there is printed by 'meerkat bundle key'. Signatures are random: each run gives others.

        Examples:
          meerkat bundle sign fw.zip --key release.pem
          meerkat bundle sign fw.zip --key 1=qa.pem -o fw-signed.zip
          meerkat bundle sign fw.zip --key old.pem --key= --key new.pem --passphrase-file secret.txt
          meerkat bundle sign fw.zip --sign-command 'openssl pkeyutl -sign -inkey hsm.pem' \
              --public-key hsm-public.pem
        """;

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The bundle." };
        var output = new Option<string?>("--output", "-o") { HelpName = "FILE", Description = "Where to write it; else FILE is replaced." };
        var signing = new SigningOptions("--key");
        var command = new Command("sign", About) { file, output };
        foreach (var option in signing.All)
        {
            command.Options.Add(option);
        }
        command.SetAction(async (given, cancellationToken) =>
        {
            var path = given.GetRequiredValue(file);
            try
            {
                await SignAsync(path, given.GetValue(output) ?? path, signing, given, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                throw new ToolException("interrupted; nothing was written");
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task SignAsync(
        string path, string target, SigningOptions signing, ParseResult given, CancellationToken cancellationToken)
    {
        var scan = BundleScan.Read(path, headOnly: false);
        if (scan.Problem is { } problem)
        {
            throw new ToolException($"{path}: {problem.Text}; nothing was signed");
        }
        await using var input = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        var bundle = FinishedBundle.Open(input, out var refusal)
            ?? throw new ToolException($"{path}: {refusal}; nothing was signed");
        if (scan.Head!.Manifest.Uncovered is { } uncovered)
        {
            throw new ToolException($"{path}: the manifest has no digest of part '{uncovered.Name}', so a signature would not cover it; "
                + "make the bundle with cs_sha256 of each part");
        }
        var manifest = scan.Head.ManifestBytes;
        var signatures = await signing.SignAsync(given, manifest, bundle.Attributes, cancellationToken);
        if (signatures.Count == 0)
        {
            throw new ToolException("with which key? Give --key FILE or --sign-command COMMAND.", ExitCode.Usage);
        }
        await WriteAsync(bundle, signatures, path, target, manifest, cancellationToken);
        var before = bundle.Attributes.Keys.ToImmutableHashSet(StringComparer.Ordinal);
        var all = BundleSignatures.Names(bundle.Attributes.SetItems(signatures));
        Console.WriteLine($"{target}: {scan.Head.Manifest.Name} {scan.Head.Manifest.Version}, "
            + $"{string.Join(", ", signatures.Keys.Select(name => name + (before.Contains(name) ? " replaced" : " added")))}; "
            + $"signed in {string.Join(", ", all)}");
    }

    /// <summary>What is written is read again before it gets its name: the input may have changed meanwhile.</summary>
    private static async Task WriteAsync(
        FinishedBundle bundle,
        ImmutableSortedDictionary<string, string> signatures,
        string path,
        string target,
        ReadOnlyMemory<byte> manifest,
        CancellationToken cancellationToken)
    {
        await using var output = LocalFile.Create(target);
        try
        {
            bundle.WriteTo(output.Stream, signatures);
        }
        catch (InvalidDataException fault)
        {
            throw new ToolException($"{path}: {fault.Message}; nothing was written");
        }
        if (output.Temporary is { } temporary)
        {
            var written = BundleScan.Read(temporary, headOnly: false);
            if (written.Problem is not null || !written.Head!.ManifestBytes.Span.SequenceEqual(manifest.Span)
                || !bundle.Attributes.SetItems(signatures).SequenceEqual(written.Head.Attributes))
            {
                throw new ToolException($"{path} changed while it was signed; nothing was written");
            }
        }
        await output.KeepAsync(cancellationToken);
    }
}
