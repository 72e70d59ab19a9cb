using System.Globalization;

namespace Meerkat.Boot.Log;

/// <summary>
/// An event as one line of text, by which the agent hands it to the boot loader: <c>meerkat-agent: [update_ended severity=6 slot=1] text</c>.
/// The fields come first: the words may hold what a stranger sent.
/// </summary>
public static class EventLine
{
    /// <summary>Set for the agent when events are wanted as lines of this kind.</summary>
    public const string Variable = "MEERKAT_JOURNAL";

    public const string Prefix = "meerkat-agent: ";

    private const string Nameless = "-";

    public static string Write(LogEvent happened)
    {
        List<string> words = [happened.Name.Length > 0 ? happened.Name : Nameless, string.Create(CultureInfo.InvariantCulture, $"severity={(int)happened.Severity}")];
        Add(words, "slot", happened.Slot?.ToString(CultureInfo.InvariantCulture));
        Add(words, "version", happened.Version);
        Add(words, "reason", happened.Reason);
        return $"{Prefix}[{string.Join(' ', words)}] {happened.Text.ReplaceLineEndings(" ")}";
    }

    /// <summary>A line without fields is an event without a name, as bad as its first words.</summary>
    public static LogEvent Read(string line)
    {
        var text = line.StartsWith(Prefix, StringComparison.Ordinal) ? line[Prefix.Length..] : line;
        if (text.Length == line.Length || text is not ['[', ..] || text.IndexOf("] ", StringComparison.Ordinal) is not (> 1 and var end))
        {
            return Plain(text);
        }
        var words = text[1..end].Split(' ');
        var happened = new LogEvent(words[0] == Nameless ? "" : words[0], text[(end + 2)..]);
        foreach (var word in words.Skip(1))
        {
            if (word.Split('=', 2) is not [var name, var value])
            {
                return Plain(text);
            }
            value = Uri.UnescapeDataString(value);
            happened = name switch
            {
                "severity" when int.TryParse(value, out var number) && Enum.IsDefined((Severity)number) => happened with { Severity = (Severity)number },
                "slot" when int.TryParse(value, out var number) => happened with { Slot = number },
                "version" => happened with { Version = value },
                "reason" => happened with { Reason = value },
                _ => happened,
            };
        }
        return happened;
    }

    /// <summary>A line that somebody wrote without saying how bad it is.</summary>
    public static LogEvent Plain(string text) => new("", text)
    {
        Severity = text.StartsWith("Error", StringComparison.Ordinal) ? Severity.Error
            : text.StartsWith("WARNING", StringComparison.Ordinal) ? Severity.Warning
            : Severity.Info,
    };

    private static void Add(List<string> words, string name, string? value)
    {
        if (value is { Length: > 0 })
        {
            words.Add($"{name}={Uri.EscapeDataString(value)}");
        }
    }
}
