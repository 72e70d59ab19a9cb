using System.Text;
using System.Text.RegularExpressions;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.EndToEnd.Tests;

/// <summary>What the repository says about itself.</summary>
public sealed partial class RepositoryTests
{
    private static readonly string[] Made = ["bin", "obj", "artifacts", "build", "TestResults", ".git", ".vs", ".idea"];

    [Fact]
    public void Links_LeadSomewhere()
    {
        var dead = new List<string>();
        var checkedLinks = 0;
        foreach (var document in Files().Where(path => path.EndsWith(".md", StringComparison.Ordinal)))
        {
            foreach (var target in Link().Matches(WithoutCode(File.ReadAllText(document))).Select(match => match.Groups[1].Value))
            {
                if (!target.Contains("://", StringComparison.Ordinal))
                {
                    checkedLinks++;
                    if (!Leads(document, target))
                    {
                        dead.Add($"{Relative(document)}: {target}");
                    }
                }
            }
        }
        Assert.True(checkedLinks > 5, "there are links to check");
        Assert.Empty(dead);
    }

    [Fact]
    public void Readme_NamesScriptsAndFoldersThatExist()
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        var scripts = Script().Matches(readme).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.Contains("demo", scripts);
        Assert.Contains("test", scripts);
        // What a newcomer brings along in the section about a firmware of their own.
        Assert.All(scripts.Except(["my-program", "my-files"]), script =>
        {
            var path = Path.Combine(Repository.Root, script);
            Assert.True(File.Exists(path), $"./{script} is not there");
            Assert.True(File.GetUnixFileMode(path).HasFlag(UnixFileMode.UserExecute), $"./{script} cannot be run");
        });
        var folders = Folder().Matches(readme).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.NotEmpty(folders);
        // What the build makes need not be there yet.
        Assert.All(
            folders.Where(folder => !folder.Contains("/build/", StringComparison.Ordinal)),
            folder => Assert.True(Path.Exists(Path.Combine(Repository.Root, folder)), $"{folder} is not there"));
    }

    [Theory]
    [InlineData("samples/build")]
    [InlineData(".ci/run")]
    public void Scripts_CanBeRun(string script)
    {
        var path = Path.Combine(Repository.Root, script);
        Assert.True(File.Exists(path), script + " is missing");
        Assert.True(File.GetUnixFileMode(path).HasFlag(UnixFileMode.UserExecute), script + " is not executable");
    }

    [Fact]
    public void CommandsOfTheDocuments_AreThoseOfTheTool()
    {
        var commands = Files().Where(path => path.EndsWith(".md", StringComparison.Ordinal))
            .SelectMany(document => ToolCommand().Matches(File.ReadAllText(document)).Select(match => match.Groups[1].Value))
            .ToHashSet();
        Assert.True(commands.Count > 5);
        var program = File.ReadAllText(Path.Combine(Repository.Root, "apps/meerkat/Program.cs"));
        foreach (var command in commands)
        {
            var name = string.Concat(command.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
            Assert.Contains(name + "Command.Create()", program, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Ci_RunsTheTestsThatTheReadmeNames() =>
        Assert.Contains("\nexec ./test\n", File.ReadAllText(Path.Combine(Repository.Root, ".ci", "run")), StringComparison.Ordinal);

    [Fact]
    public void Solution_HasEveryProject()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "Meerkat.slnx"));
        var projects = Files().Where(path => path.EndsWith(".csproj", StringComparison.Ordinal)).Select(Relative)
            .Where(path => !path.StartsWith("samples/", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(projects);
        Assert.All(projects, project => Assert.Contains($"\"{project}\"", solution, StringComparison.Ordinal));
    }

    [Fact]
    public void NoFile_NamesAPlaceOnSomebodysMachine()
    {
        string[] places = [Repository.Root.TrimEnd('/'), .. Home(), "/" + "home/", "/" + "Users/"];
        // Not a part of a longer path: ../../src is no /src.
        var somewhere = new Regex(string.Join('|', places.Select(place => $@"(?<![\w.*}}-]){Regex.Escape(place)}(?![\w-])")));
        var found = Files().Where(path => somewhere.IsMatch(File.ReadAllText(path, Encoding.Latin1))).Select(Relative);
        Assert.Empty(found);
    }

    private static string[] Home() => Environment.GetEnvironmentVariable("HOME") is { Length: > 1 } home ? [home.TrimEnd('/') + "/"] : [];

    private static string Relative(string path) => Path.GetRelativePath(Repository.Root, path);

    private static IEnumerable<string> Files() => Below(new DirectoryInfo(Repository.Root));

    private static IEnumerable<string> Below(DirectoryInfo folder)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            if (entry is FileInfo { LinkTarget: null } file && !(folder.FullName == Repository.Root.TrimEnd('/') && file.Name == ".git"))
            {
                yield return file.FullName;
            }
            else if (entry is DirectoryInfo { LinkTarget: null } below && !Made.Contains(below.Name))
            {
                foreach (var path in Below(below))
                {
                    yield return path;
                }
            }
        }
    }

    private static bool Leads(string document, string target)
    {
        var parts = target.Split('#', 2);
        var path = parts[0].Length == 0
            ? document
            : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(document)!, Uri.UnescapeDataString(parts[0])));
        return Path.Exists(path) && (parts.Length == 1 || Headings(path).Contains(parts[1]));
    }

    /// <summary>Anchors as the usual hosts make them: lower case, punctuation dropped, blanks to hyphens.</summary>
    private static IEnumerable<string> Headings(string document) => File.ReadLines(document)
        .Where(line => line.StartsWith('#'))
        .Select(line => string.Concat(line.TrimStart('#').Trim().ToLowerInvariant()
            .Select(letter => letter == ' ' ? "-" : char.IsLetterOrDigit(letter) || letter is '-' or '_' ? $"{letter}" : "")));

    private static string WithoutCode(string text) => Fence().Replace(text, "");

    [GeneratedRegex(@"\]\(<?([^)\s>]+)>?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?<![\w.])\./([\w-]+)")]
    private static partial Regex Script();

    [GeneratedRegex(@"`((?:src|apps|samples|tests|testdata|docs|packaging)/[\w./-]*)`")]
    private static partial Regex Folder();

    [GeneratedRegex("^meerkat ([a-z][a-z-]+)", RegexOptions.Multiline)]
    private static partial Regex ToolCommand();

    [GeneratedRegex("^```.*?^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();
}
