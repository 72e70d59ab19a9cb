using Meerkat.Core.Tests;

namespace Meerkat.Tool.Tests;

/// <summary>The help of every command: what <c>docs/tool.md</c> is made of.</summary>
public sealed class HelpTests
{
    private const int MostColumns = 100;

    [Fact]
    public async Task ToolPage_IsTheHelpOfEveryCommand()
    {
        var page = new List<string>();
        await foreach (var (command, help) in AllAsync([]))
        {
            // A blank at the end of a line is where the help was broken; in an example that would mislead.
            Assert.DoesNotMatch("(?m)[^ ] $", help[..help.IndexOf("\nUsage:", StringComparison.Ordinal)]);
            var lines = help.TrimEnd().Split('\n').Select(line => line.TrimEnd()).ToList();
            Assert.All(lines, line => Assert.InRange(line.Length, 0, MostColumns));
            Assert.Contains("  Examples:", lines);
            page.AddRange([$"## meerkat{string.Concat(command.Select(word => " " + word))}", "", "```text", .. lines, "```", ""]);
        }
        Assert.True(page.Count > 400, "every command has its help");
        GeneratedDoc.Matches("docs/tool.md", "commands", page[..^1]);
    }

    [Theory]
    [InlineData("bogus", "Error: there is no command \"bogus\". There are update, ")]
    [InlineData("stauts", "Error: there is no command \"stauts\"; did you mean \"status\"? See \"meerkat --help\".\n")]
    [InlineData("config gte", "Error: there is no command \"gte\"; did you mean \"get\"? See \"meerkat config --help\".\n")]
    [InlineData("status --jsno", "Error: there is no option \"--jsno\"; did you mean \"--json\"? See \"meerkat status --help\".\n")]
    [InlineData("bundle", "Error: which command? There are create, sign, inspect, verify, key. See \"meerkat bundle --help\".\n")]
    public async Task UnknownWord_GetsTheNearest(string line, string error)
    {
        var run = await ToolProcess.RunAsync(line.Split(' '));
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.StartsWith(error, run.Error);
    }

    private static async IAsyncEnumerable<(string[] Command, string Help)> AllAsync(string[] command)
    {
        var run = await ToolProcess.RunAsync([.. command, "--help"]);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        yield return (command, run.Output);
        foreach (var below in Subcommands(run.Output))
        {
            await foreach (var found in AllAsync([.. command, below]))
            {
                yield return found;
            }
        }
    }

    /// <summary>The first words of the section that lists them; a description that goes on begins further to the right.</summary>
    private static IEnumerable<string> Subcommands(string help) => help.Split('\n')
        .SkipWhile(line => line != "Commands:").Skip(1)
        .Where(line => line.Length > 2 && line.StartsWith("  ", StringComparison.Ordinal) && line[2] != ' ')
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]);
}
