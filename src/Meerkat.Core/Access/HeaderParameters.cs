using System.Text;

namespace Meerkat.Core.Access;

/// <summary>The parameters of an authentication header (RFC 9110, 11.2): <c>name=token</c> or <c>name="text"</c>, parted by commas.</summary>
internal static class HeaderParameters
{
    private const int MostCharacters = 8192;

    /// <summary>Names are in lower case. Nothing when the text is none, or names a parameter twice: two readers would see two different ones.</summary>
    public static Dictionary<string, string>? Parse(string text)
    {
        if (text.Length > MostCharacters)
        {
            return null;
        }
        var found = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var at = 0;
        while (true)
        {
            at = SkipBlanks(text, at);
            if (at == text.Length)
            {
                return found;
            }
            if (text[at] == ',')
            {
                at++;
                continue;
            }
            var name = Token(text, ref at);
            at = SkipBlanks(text, at);
            if (name.Length == 0 || at == text.Length || text[at] != '=')
            {
                return null;
            }
            at = SkipBlanks(text, at + 1);
            var quoted = at < text.Length && text[at] == '"';
            var value = quoted ? Quoted(text, ref at) : Token(text, ref at);
            at = SkipBlanks(text, at);
            if (value is null || (value.Length == 0 && !quoted) || (at < text.Length && text[at] != ',') || !found.TryAdd(name, value))
            {
                return null;
            }
        }
    }

    private static int SkipBlanks(string text, int at)
    {
        while (at < text.Length && text[at] is (' ' or '\t'))
        {
            at++;
        }
        return at;
    }

    private static string Token(string text, ref int at)
    {
        var begin = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || "!#$%&'*+-.^_`|~/@:".Contains(text[at], StringComparison.Ordinal)))
        {
            at++;
        }
        return text[begin..at];
    }

    /// <summary>Nothing when the closing quote is missing.</summary>
    private static string? Quoted(string text, ref int at)
    {
        var value = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                at++;
                return value.ToString();
            }
            if (text[at] == '\\' && ++at == text.Length)
            {
                return null;
            }
            value.Append(text[at]);
        }
        return null;
    }
}
