using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Meerkat.Core.Bundles;
using Meerkat.Core.Health;
using Meerkat.Core.Values;
using Meerkat.Tool.Bundles;

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
        var command = new Command("verify", """
            Read a bundle whole, as a device does: archive, manifest, sizes, digests, file-system image.

            Exits with 1 and the reason when something does not hold. Signatures are not checked.

            Examples:
              meerkat bundle verify fw.zip
              meerkat bundle verify fw.zip --json
            """) { file, json };
        command.SetAction(given => BundleCommand.Run(() => Verify(given.GetRequiredValue(file), given.GetValue(json))));
        return command;
    }

    private static string? Verify(string path, bool json)
    {
        var scan = BundleScan.Read(path, headOnly: false);
        if (json)
        {
            PrintJson(scan);
        }
        if (scan.Problem is { } problem)
        {
            return $"{path}: {problem.Text}";
        }
        if (!json)
        {
            PrintText(path, scan);
        }
        return null;
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

    private static void PrintJson(BundleScan scan)
    {
        using var output = Console.OpenStandardOutput();
        using (var json = new Utf8JsonWriter(output, Indented))
        {
            json.WriteStartObject();
            json.WriteBoolean("ok", scan.Problem is null);
            if (scan.Problem is { } problem)
            {
                WriteProblem(json, problem);
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
            json.WriteEndObject();
        }
        output.WriteByte((byte)'\n');
    }

    private static void WriteProblem(Utf8JsonWriter json, BundleProblem problem)
    {
        json.WriteString("error", problem.Text);
        json.WriteString("code", problem.Code.ToString());
        json.WriteNumber("offset", problem.Offset);
        json.WriteString("entry", problem.Entry);
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
