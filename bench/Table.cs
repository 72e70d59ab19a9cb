namespace Meerkat.Bench;

/// <summary>A table that is read as it is, and as Markdown.</summary>
internal sealed class Table(params string[] columns)
{
    private readonly List<string[]> rows = [columns];

    public void Add(params string[] cells) => rows.Add(cells);

    public void Print()
    {
        var widths = columns.Select((_, column) => rows.Max(row => row[column].Length)).ToList();
        string Line(IEnumerable<string> cells) => "| " + string.Join(" | ", cells.Select((cell, column) => cell.PadRight(widths[column]))) + " |";
        Console.WriteLine(Line(columns));
        Console.WriteLine("|" + string.Join('|', widths.Select(width => new string('-', width + 2))) + "|");
        rows.Skip(1).ToList().ForEach(row => Console.WriteLine(Line(row)));
        Console.WriteLine();
    }
}
