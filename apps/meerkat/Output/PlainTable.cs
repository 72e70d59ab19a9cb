using Spectre.Console;

namespace Meerkat.Tool.Output;

/// <summary>A table on standard output, whose lines are broken only where a terminal says how wide it is.</summary>
internal static class PlainTable
{
    private const int PlainWidth = 400;

    /// <param name="columns">Their headings.</param>
    /// <param name="rows">A text for each column; a letter that a terminal would obey is shown as unreadable.</param>
    public static void Write(string[] columns, IEnumerable<string[]> rows)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = PlainWidth;
        }
        var table = new Table().Border(TableBorder.Simple).AddColumns(columns);
        foreach (var row in rows)
        {
            table.AddRow(row.Select(text => new Text(Shown(text))));
        }
        console.Write(table);
    }

    private static string Shown(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? '\uFFFD' : letter));
}
