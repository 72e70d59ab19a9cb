using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Meerkat.Core.Bundles;
using Meerkat.Core.Health;
using Meerkat.Core.Signing;
using Meerkat.Core.Values;
using Meerkat.Tool.Bundles;
using Meerkat.Tool.Signing;

namespace Meerkat.Tool.Commands;

/// <summary><c>meerkat bundle verify</c>: reads a bundle whole, as a device would.</summary>
internal static class BundleVerifyCommand
{
    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The bundle." };
        var json = new Option<bool>("--json") { Description = "Print the findings as JSON." };
        var keys = new Option<string[]>("--key")
        {
            HelpName = "[PLACE=]FILE",
            Description = "The signature in this place must hold under the key in this PEM file, public or private; may be repeated. "
                + "Without PLACE= the keys go into places 0, 1, ... as they come; an empty value leaves one out.",
        };
        var passphrase = SigningOptions.PassphraseOption();
        var command = new Command("verify", """
            Read a bundle whole, as a device does: archive, manifest, sizes, digests, file-system image, and
            the signatures for which keys are given.

            Exits with 1 and the reason when something does not hold; so does a bundle whose directory says
            something else than the headers that devices read.

            Examples:
              meerkat bundle verify fw.zip
              meerkat bundle verify fw.zip --key release-public.pem --key 2=qa-public.pem
              meerkat bundle verify fw.zip --json
            """) { file, json, keys, passphrase };
        command.SetAction(given => BundleCommand.Run(() =>
        {
            var secret = new Passphrase(given.GetValue(passphrase));
            var known = Placed.Of(given, keys).ToDictionary(each => each.Place, each => (each.Value, Key: KeyFile.ReadPublic(each.Value, secret)));
            return Verify(given.GetRequiredValue(file), known, given.GetValue(json));
        }));
        return command;
    }

    private static string? Verify(string path, Dictionary<int, (string File, string Key)> keys, bool json)
    {
        var scan = BundleScan.Read(path, headOnly: false);
        var signatures = scan.Head is { } head ? BundleSignatures.Look(head.ManifestBytes.Span, head.Attributes, keys) : [];
        var problem = scan.Problem?.Text ?? DirectoryProblem(path)
            ?? signatures.FirstOrDefault(at => keys.ContainsKey(at.Place) && at.State != SignatureState.Holds)?.Text;
        if (json)
        {
            PrintJson(scan, problem, signatures);
        }
        if (problem is not null)
        {
            return $"{path}: {problem}";
        }
        if (!json)
        {
            PrintText(path, scan);
            foreach (var signature in signatures)
            {
                Console.WriteLine($"  {signature.Text}");
            }
        }
        return null;
    }

    /// <summary>Devices read the local headers and other tools the central directory: who disagrees hides something.</summary>
    private static string? DirectoryProblem(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        if (!file.CanSeek)
        {
            return null;
        }
        FinishedBundle.Open(file, out var refusal);
        return refusal;
    }

    private static void PrintText(string path, BundleScan scan)
    {
        var manifest = scan.Head!.Manifest;
        Console.WriteLine($"{path}: {manifest.Name} {manifest.Version} ({manifest.BuildId}) for {manifest.Platform} holds");
        foreach (var part in scan.Parts)
        {
            Console.WriteLine($"  {part.Name}: {new ByteSize(part.SizeBytes)}, sha256 {part.Sha256}");
        }
        if (scan.FileSystem is { } fs)
        {
            Console.WriteLine($"  file system: {fs.Files} files, {fs.Folders} folders, {fs.Links} links, {new ByteSize(fs.Bytes)}");
            if (fs.Health is HealthReading.Found(var contract))
            {
                Console.WriteLine(
                    $"  health contract: {string.Join(", ", contract.Probes.Select(probe => probe.Name))}; "
                    + $"{contract.MinTime.TotalSeconds:0} to {contract.MaxTime.TotalSeconds:0} s");
            }
            foreach (var name in fs.NotTaken)
            {
                Console.WriteLine($"  warning: '{name}' is the user's and will not be taken from this bundle");
            }
        }
    }

    private static void PrintJson(BundleScan scan, string? problem, ImmutableArray<SignatureFinding> signatures)
    {
        using var output = Console.OpenStandardOutput();
        using (var json = new Utf8JsonWriter(output, Indented))
        {
            json.WriteStartObject();
            json.WriteBoolean("ok", problem is null);
            if (problem is not null)
            {
                json.WriteString("error", problem);
            }
            if (scan.Problem is { } found)
            {
                json.WriteString("code", found.Code.ToString());
                json.WriteNumber("offset", found.Offset);
                json.WriteString("entry", found.Entry);
            }
            if (scan.Head is { } head)
            {
                json.WriteString("name", head.Manifest.Name);
                json.WriteString("platform", head.Manifest.Platform);
                json.WriteString("version", head.Manifest.Version);
                json.WriteString("build_id", head.Manifest.BuildId);
            }
            json.WriteStartArray("parts");
            foreach (var part in scan.Parts)
            {
                json.WriteStartObject();
                json.WriteString("name", part.Name);
                json.WriteString("src", part.Part.Src);
                json.WriteNumber("size", part.SizeBytes);
                json.WriteString("sha256", part.Sha256.ToString());
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (scan.FileSystem is { } fs)
            {
                WriteFileSystem(json, fs);
            }
            json.WriteStartArray("signatures");
            foreach (var signature in signatures)
            {
                json.WriteStartObject();
                json.WriteNumber("place", signature.Place);
                json.WriteString("state", BundleSignatures.Word(signature.State));
                json.WriteString("text", signature.Text);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        output.WriteByte((byte)'\n');
    }

    private static void WriteFileSystem(Utf8JsonWriter json, FsContents fs)
    {
        json.WriteStartObject("file_system");
        json.WriteNumber("files", fs.Files);
        json.WriteNumber("folders", fs.Folders);
        json.WriteNumber("links", fs.Links);
        json.WriteNumber("bytes", fs.Bytes);
        json.WriteStartArray("not_taken");
        foreach (var name in fs.NotTaken)
        {
            json.WriteStringValue(name);
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
