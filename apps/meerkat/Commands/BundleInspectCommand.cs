using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meerkat.Core.Bundles;
using Meerkat.Core.Values;
using Meerkat.Tool.Bundles;
using Spectre.Console;

namespace Meerkat.Tool.Commands;

/// <summary><c>meerkat bundle inspect</c>: what a bundle says about itself; reads no further than the manifest.</summary>
internal static class BundleInspectCommand
{
    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The bundle." };
        var json = new Option<bool>("--json") { Description = "Print the manifest and the extra attributes as JSON." };
        var command = new Command("inspect", """
            Show what a bundle says about itself. Its parts are not read; 'meerkat bundle verify' does that.

            Examples:
              meerkat bundle inspect fw.zip
              meerkat bundle inspect fw.zip --json | jq -r .manifest.version
            """) { file, json };
        command.SetAction(given => BundleCommand.Run(() => Inspect(given.GetRequiredValue(file), given.GetValue(json))));
        return command;
    }

    private static string? Inspect(string path, bool json)
    {
        var scan = BundleScan.Read(path, headOnly: true);
        if (scan.Problem is { } problem)
        {
            return $"{path}: {problem.Text}";
        }
        if (json)
        {
            PrintJson(scan.Head!);
        }
        else
        {
            PrintTables(scan.Head!);
        }
        return null;
    }

    private static void PrintJson(BundleHead head)
    {
        using var output = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(output, Indented))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("manifest");
            JsonNode.Parse(head.ManifestBytes.Span)!.WriteTo(writer);
            writer.WriteStartObject("extra_attributes");
            foreach (var (key, value) in head.Attributes)
            {
                writer.WriteString(key, value);
            }
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        output.WriteByte((byte)'\n');
    }

    private static void PrintTables(BundleHead head)
    {
        const int WideEnough = 160;
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = WideEnough;
        }
        var manifest = head.Manifest;
        var facts = new Table().HideHeaders().Border(TableBorder.None).AddColumn("").AddColumn("");
        void Fact(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                facts.AddRow(new Text(name), new Text(Printable(value)));
            }
        }
        Fact("name", manifest.Name);
        Fact("platform", manifest.Platform);
        Fact("version", manifest.Version);
        Fact("build id", manifest.BuildId);
        Fact("built", manifest.BuildTimestamp);
        Fact("description", manifest.Description);
        Fact("ready", manifest.Ready switch { ReadyRule.Alive => "alive", ReadyRule.Notify => "notify", null => null });
        foreach (var (key, value) in manifest.Attributes)
        {
            Fact(key, value);
        }
        Fact("signatures", string.Join(", ", BundleSignatures.Names(head.Attributes)) is { Length: > 0 } places
            ? $"{places} (not checked; 'meerkat bundle verify --key' does that)" : "none");
        foreach (var (key, value) in head.Attributes)
        {
            Fact($"extra {Printable(key)}", value);
        }
        AnsiConsole.Write(facts);
        AnsiConsole.Write(Parts(manifest));
    }

    private static Table Parts(Manifest manifest)
    {
        var parts = new Table().Border(TableBorder.Simple).AddColumns("part", "type", "file", "size", "digest");
        foreach (var part in manifest.Parts.Values)
        {
            var digest = part.CsSha256 is { } sha256 ? $"sha256 {sha256}" : part.CsSha1 is { } sha1 ? $"sha1 {sha1}" : "none";
            parts.AddRow(new Text(part.Name), new Text(part.Type), new Text(part.Src ?? "-"),
                new Text(part.Size is { } size ? new ByteSize(size).ToString() : "-"),
                new Text(part.Src is null ? "-" : digest));
        }
        return parts;
    }

    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
