using System.CommandLine;

namespace Meerkat.Tool;

/// <summary>What to say about a word on the command line that is no command or option.</summary>
internal static class UnknownWord
{
    /// <summary>Null when the command line is wrong in another way.</summary>
    public static string? Explain(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (parsed.UnmatchedTokens is not [var word, ..])
        {
            return command is { Subcommands.Count: > 0, Action: null } ? $"which command? {Names(command)}." : null;
        }
        var isOption = word.StartsWith('-');
        if (!isOption && command.Subcommands.Count == 0)
        {
            return null;
        }
        var known = isOption
            ? command.Options.SelectMany(option => option.Aliases.Append(option.Name))
            : command.Subcommands.Select(each => each.Name);
        var nearest = known.Select(name => (Name: name, Distance: Distance(word, name))).MinBy(each => each.Distance);
        var what = isOption ? "option" : "command";
        return nearest.Name is not null && nearest.Distance <= Math.Max(2, word.Length / 3)
            ? $"there is no {what} \"{word}\"; did you mean \"{nearest.Name}\"?"
            : isOption ? $"there is no option \"{word}\"."
            : $"there is no command \"{word}\". {Names(command)}.";
    }

    private static string Names(Command command) =>
        $"There are {string.Join(", ", command.Subcommands.Select(each => each.Name))}";

    /// <summary>Letters to add, to leave out or to replace, from one word to the other.</summary>
    private static int Distance(string from, string to)
    {
        var above = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var row = new int[to.Length + 1];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var replaced = above[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                row[j] = Math.Min(replaced, Math.Min(above[j], row[j - 1]) + 1);
            }
            above = row;
        }
        return above[to.Length];
    }
}
