using System.Text;
using System.Text.RegularExpressions;
using Meerkat.EndToEnd.Tests.Harness;

namespace Meerkat.Packaging.Tests;

/// <summary>meerkat.1, made from what the tool says of itself: the help of every command, down to the last.</summary>
internal static partial class ManPage
{
    public const string Path = "packaging/man/meerkat.1";

    public static async Task<string> OfToolAsync()
    {
        var page = new StringBuilder(
            """
            .\" Made from the tool's help. After a change: MEERKAT_UPDATE_DOCS=1 and run Meerkat.Packaging.Tests.
            .TH MEERKAT 1 "" "Meerkat" "User commands"
            .SH NAME
            meerkat \- over\-the\-air updates that do not brick devices
            .SH SYNOPSIS
            .B meerkat
            .I COMMAND
            [ARGUMENT...] [OPTION...]
            .SH DESCRIPTION

            """);
        foreach (var command in await CommandsAsync([]))
        {
            var help = await HelpAsync(command);
            if (command.Length > 0)
            {
                page.Append(command.Length == 1 ? ".SH " : ".SS ").Append(Escaped(string.Join(' ', command.Prepend("meerkat")))).Append('\n');
            }
            page.Append(".nf\n").Append(Escaped(Body(help))).Append("\n.fi\n");
        }
        return page.Append(".SH SEE ALSO\n.BR meerkat\\-boot (8),\n.BR meerkat\\-agent (8)\n").ToString();
    }

    /// <summary>A command and all below it, each before its own.</summary>
    public static async Task<List<string[]>> CommandsAsync(string[] from)
    {
        var found = new List<string[]> { from };
        foreach (var name in Below(await HelpAsync(from)))
        {
            found.AddRange(await CommandsAsync([.. from, name]));
        }
        return found;
    }

    public static async Task<string> HelpAsync(string[] command)
    {
        var run = await CommandRun.MeerkatAsync([.. command, "--help"]);
        Assert.True(run.ExitCode == 0, run.Error);
        return run.Output;
    }

    /// <summary>The options that a help text lists.</summary>
    public static IEnumerable<string> Options(string help) => Option().Matches(help).Select(match => match.Value.Trim().TrimEnd(','));

    private static IEnumerable<string> Below(string help) => help.IndexOf("\nCommands:\n", StringComparison.Ordinal) is >= 0 and var at
        ? Name().Matches(help[(at + 1)..]).Select(match => match.Groups[1].Value)
        : [];

    private static string Body(string help) => string.Join(
        '\n', help.Trim().ReplaceLineEndings("\n").Split('\n').Skip(1).Select(line => line.TrimEnd()));

    /// <summary>In roff a backslash and a hyphen are something else, and so is a point or an apostrophe that begins a line.</summary>
    private static string Escaped(string text) => LineStart().Replace(
        text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal), @"\&");

    [GeneratedRegex(@"(?<=^  (?:-\S, )*)--?[\w?-]+,?(?=[ ,\n])", RegexOptions.Multiline)]
    private static partial Regex Option();

    [GeneratedRegex(@"^  ([a-z][\w-]*)", RegexOptions.Multiline)]
    private static partial Regex Name();

    [GeneratedRegex("^(?=[.'])", RegexOptions.Multiline)]
    private static partial Regex LineStart();
}
