namespace Meerkat.Tool.Output;

/// <summary>Text in lines of limited length.</summary>
internal static class Wrapped
{
    /// <summary>Breaks at blanks; a word longer than <paramref name="width"/> has a line of its own.</summary>
    public static string At(int width, string text)
    {
        var lines = new List<string>();
        var line = "";
        foreach (var word in text.Split([' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                lines.Add(line);
                line = "";
            }
            line = line.Length == 0 ? word : $"{line} {word}";
        }
        return string.Join('\n', [.. lines, line]);
    }
}
