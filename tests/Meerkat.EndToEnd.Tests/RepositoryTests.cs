using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>What holds of the source tree itself.</summary>
public sealed partial class RepositoryTests
{
    /// <summary>Which projects a project may name directly (ARCHITECTURE.md).</summary>
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Meerkat.Core"] = [],
        ["Meerkat.Storage"] = ["Meerkat.Core"],
        ["Meerkat.Rpc"] = ["Meerkat.Core"],
        ["Meerkat.Boot"] = ["Meerkat.Storage"],
        ["Meerkat.Device"] = ["Meerkat.Boot", "Meerkat.Rpc"],
        ["Meerkat.Agent"] = ["Meerkat.Device"],
    };

    [Fact]
    public void Libraries_PointOnlyDownwards()
    {
        var projects = Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories);
        Assert.Equal(Arrows.Keys.Order(), projects.Select(Path.GetFileNameWithoutExtension).Order());
        foreach (var project in projects)
        {
            var named = XDocument.Load(project).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!));
            Assert.Equal(Arrows[Path.GetFileNameWithoutExtension(project)], named);
        }
    }

    [Fact]
    public void BootLoader_LoadsNothingThatSpeaksToANetwork()
    {
        var loaded = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "bin/meerkat-boot/meerkat-boot.deps.json")))!
            ["libraries"]!.AsObject().Select(library => library.Key).ToList();
        Assert.Contains(loaded, name => name.StartsWith("Meerkat.Boot/", StringComparison.Ordinal));
        Assert.DoesNotContain(loaded, name => NetworkLibrary().IsMatch(name));
        Assert.DoesNotContain(
            "Microsoft.AspNetCore", File.ReadAllText(Path.Combine(Repository.Root, "bin/meerkat-boot/meerkat-boot.runtimeconfig.json")),
            StringComparison.Ordinal);
        foreach (var (path, text) in Sources("src/Meerkat.Boot", "src/Meerkat.Storage", "apps/meerkat-boot"))
        {
            Assert.False(text.Contains("System.Net.Http", StringComparison.Ordinal), path + " uses HTTP");
            foreach (Match family in SocketFamily().Matches(text))
            {
                Assert.True(family.Groups[1].Value == "Unix", $"{path} opens a socket of the family {family.Groups[1].Value}");
            }
        }
    }

    [Fact]
    public void NativeCalls_StayInTheirFolders()
    {
        foreach (var (path, text) in Sources("src", "apps"))
        {
            var mayCall = path.Contains("/Meerkat.Storage/Posix/", StringComparison.Ordinal)
                || path.Contains("/Meerkat.Boot/Posix/", StringComparison.Ordinal);
            Assert.True(mayCall || !text.Contains("[LibraryImport", StringComparison.Ordinal), path + " declares a native call");
        }
    }

    [Fact]
    public void Documents_LinkOnlyToWhatIsThere()
    {
        foreach (var document in Documents())
        {
            foreach (Match link in MarkdownLink().Matches(File.ReadAllText(document)))
            {
                var target = link.Groups[1].Value.Split('#')[0];
                if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
                {
                    var path = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(document)!, target));
                    Assert.True(File.Exists(path) || Directory.Exists(path), $"{document}: nothing at {target}");
                }
            }
        }
    }

    [Theory]
    [InlineData("demo")]
    [InlineData("test")]
    [InlineData("build")]
    [InlineData("samples/build")]
    [InlineData(".ci/run")]
    public void Scripts_CanBeRun(string script)
    {
        var path = Path.Combine(Repository.Root, script);
        Assert.True(File.Exists(path), script + " is missing");
        Assert.True(File.GetUnixFileMode(path).HasFlag(UnixFileMode.UserExecute), script + " is not executable");
    }

    [Fact]
    public void CommandsOfTheReadme_AreThoseOfTheTool()
    {
        var commands = Documents()
            .SelectMany(document => ToolCommand().Matches(File.ReadAllText(document)).Select(match => match.Groups[1].Value))
            .ToHashSet();
        Assert.True(commands.Count > 5);
        var program = File.ReadAllText(Path.Combine(Repository.Root, "apps/meerkat/Program.cs"));
        foreach (var command in commands)
        {
            Assert.Contains(char.ToUpperInvariant(command[0]) + command[1..] + "Command.Create()", program, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<string> Documents() =>
    [
        .. Directory.GetFiles(Repository.Root, "*.md"),
        .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories),
        .. Directory.GetFiles(Path.Combine(Repository.Root, "samples"), "*.md"),
    ];

    private static IEnumerable<(string Path, string Text)> Sources(params string[] folders) => folders
        .SelectMany(folder => Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories))
        .Where(path => !path.Contains("/obj/", StringComparison.Ordinal))
        .Select(path => (path, File.ReadAllText(path)));

    [GeneratedRegex("^(System\\.Net\\.Http|Microsoft\\.AspNetCore|MQTTnet|Meerkat\\.(Rpc|Device|Agent))")]
    private static partial Regex NetworkLibrary();

    [GeneratedRegex("AddressFamily\\.(\\w+)")]
    private static partial Regex SocketFamily();

    [GeneratedRegex("\\]\\(([^)\\s]+)\\)")]
    private static partial Regex MarkdownLink();

    [GeneratedRegex("^meerkat ([a-z]+)", RegexOptions.Multiline)]
    private static partial Regex ToolCommand();
}
