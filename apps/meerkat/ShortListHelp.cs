using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Meerkat.Tool;

/// <summary>
/// Help that lists commands by the first line of their descriptions; the rest, with the examples, is shown for the command itself.
/// </summary>
internal sealed class ShortListHelp(HelpAction full) : SynchronousCommandLineAction
{
    private const int MostColumns = 100;

    public static void Install(RootCommand root)
    {
        var option = root.Options.OfType<HelpOption>().Single();
        var full = (HelpAction)option.Action!;
        // A terminal may say that it has no columns at all.
        full.MaxWidth = full.MaxWidth is > 0 and < MostColumns ? full.MaxWidth : MostColumns;
        option.Action = new ShortListHelp(full);
    }

    /// <summary>A command line that asks for help needs no arguments.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        foreach (var command in parseResult.CommandResult.Command.Subcommands)
        {
            command.Description = command.Description?.Split('\n')[0].TrimEnd();
        }
        return full.Invoke(parseResult);
    }
}
