using System.Globalization;
using System.Text;

namespace Meerkat.Fuzz;

/// <summary>
/// Changes to a JSON text by its tokens, so that also what no JSON library would write comes about: a key twice, half a surrogate pair,
/// a number too large for anything, a nesting without end.
/// </summary>
/// <param name="words">Keys and texts that mean something to the parser.</param>
internal sealed class JsonMutations(params string[] words)
{
    private static readonly string[] Values =
    [
        "null", "true", "false", "{}", "[]", "\"\"", "0", "-0", "1", "-1", "1.5", "1e2", "1E400", "-1e-400", "0.1e1", "2147483647", "2147483648",
        "-2147483649", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "18446744073709551616",
        "79228162514264337593543950336", "1e28", "1e-29", "\"0x1F\"", "\"0xFFFFFFFFFFFFFFFF\"", "\"-0x1\"", "\"010\"", "\"1\"", "\" 5 \"",
        "\"\\ud800\"", "\"\\udc00x\"", "\"\\ud83d\\ude00\"", "\"\\u0000\"", "\"\\u001f\"", "\"\\n\"", "\"\u00e4\"", "\"\ufffe\"", "\"a\\/b\"", "\"../x\"",
        "\"AAAA\"", "\"AA==\"", "\"AA=\"", "\"\\u0041AAA\"", "01", "+1", "1.", ".5", "NaN", "tru", "\"open", "\"\u0001\"", "// x\n1", "1,", "{\"a\":1,\"a\":2}",
        "{\"\\ud800\":1}", "{\"\\ud800\":1,\"\\ud800\":2}", "{\"\":1}", "{\"a.b\":1}", "[1,{\"a\":[]}]",
    ];

    public byte[] Mutate(byte[] input, byte[] other, Random chance)
    {
        if (chance.Next(8) == 0)
        {
            return ByteMutations.Mutate(input, other, chance);
        }
        // Latin-1 keeps bytes that are no UTF-8 as they are.
        var text = Encoding.Latin1.GetString(input);
        var tokens = Tokens(text);
        if (tokens.Count == 0)
        {
            return Encoding.UTF8.GetBytes(Value(chance));
        }
        var at = chance.Next(tokens.Count);
        var span = Balanced(text, tokens, at);
        var changed = chance.Next(9) switch
        {
            0 or 1 or 2 => Replace(text, span, Latin(Value(chance))),
            3 => Replace(text, span, Latin(Key(chance))),
            4 => Replace(text, span, ""),
            5 => DoubleMember(text, tokens, at),
            6 => Replace(text, span, PieceOf(other, chance)),
            7 => Replace(text, span, Nest(text[span], chance)),
            _ => Insert(text, tokens, chance),
        };
        return Encoding.Latin1.GetBytes(changed);
    }

    /// <summary>A value such as a careless or a hostile sender writes.</summary>
    public string Value(Random chance) => chance.Next(10) switch
    {
        0 => Key(chance),
        1 => chance.EdgeNumber().ToString(CultureInfo.InvariantCulture),
        2 => $"\"{new string((char)chance.Next('a', 'z'), chance.Pick([49, 50, 63, 64, 65, 128, 129, 200, 300, 5000]))}\"",
        _ => chance.Pick(Values),
    };

    private string Key(Random chance)
    {
        var word = chance.Pick(words);
        var letter = word.Length == 0 ? 0 : chance.Next(word.Length);
        // A letter of it written as an escape is still the same key.
        return chance.Next(8) == 0 && word.Length > 0 ? $"\"{word[..letter]}\\u{(int)word[letter]:x4}{word[(letter + 1)..]}\"" : $"\"{word}\"";
    }

    private string Insert(string text, List<Range> tokens, Random chance)
    {
        var objects = tokens.Where(token => text[token] == "{").ToList();
        if (objects.Count == 0)
        {
            return Latin(Value(chance));
        }
        var (at, _) = chance.Pick(objects).GetOffsetAndLength(text.Length);
        var empty = text[(at + 1)..].TrimStart().StartsWith('}');
        return text.Insert(at + 1, Latin($"{Key(chance)}:{Value(chance)}{(empty ? "" : ",")}"));
    }

    private static string DoubleMember(string text, List<Range> tokens, int at)
    {
        var end = Balanced(text, tokens, at).End;
        if (at + 2 < tokens.Count && text[tokens[at + 1]] == ":")
        {
            end = Balanced(text, tokens, at + 2).End;
        }
        return text.Insert(end.Value, "," + text[tokens[at].Start..end]);
    }

    private static string PieceOf(byte[] other, Random chance)
    {
        var text = Encoding.Latin1.GetString(other);
        var tokens = Tokens(text);
        return tokens.Count == 0 ? "0" : text[Balanced(text, tokens, chance.Next(tokens.Count))];
    }

    private static string Nest(string value, Random chance)
    {
        var depth = chance.Pick([1, 2, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 2000]);
        return chance.Next(2) == 0
            ? new string('[', depth) + value + new string(']', depth)
            : string.Concat(Enumerable.Repeat("{\"a\":", depth)) + value + new string('}', depth);
    }

    private static string Replace(string text, Range span, string by) => string.Concat(text.AsSpan()[..span.Start], by, text.AsSpan()[span.End..]);

    private static string Latin(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private static List<Range> Tokens(string text)
    {
        var tokens = new List<Range>();
        for (var at = 0; at < text.Length;)
        {
            if (" \t\r\n".Contains(text[at], StringComparison.Ordinal))
            {
                at++;
                continue;
            }
            var end = at + 1;
            if (text[at] == '"')
            {
                while (end < text.Length && text[end] != '"')
                {
                    end += text[end] == '\\' ? 2 : 1;
                }
                end = Math.Min(text.Length, end + 1);
            }
            else if (!IsPunctuation(text[at]))
            {
                while (end < text.Length && !IsPunctuation(text[end]) && !" \t\r\n\"".Contains(text[end], StringComparison.Ordinal))
                {
                    end++;
                }
            }
            tokens.Add(at..end);
            at = end;
        }
        return tokens;
    }

    /// <summary>The token, and with an opening bracket all up to the closing one.</summary>
    private static Range Balanced(string text, List<Range> tokens, int at)
    {
        var depth = 0;
        for (var last = at; last < tokens.Count; last++)
        {
            depth += text[tokens[last]] switch { "{" or "[" => 1, "}" or "]" => -1, _ => 0 };
            if (depth <= 0)
            {
                return tokens[at].Start..tokens[last].End;
            }
        }
        return tokens[at];
    }

    private static bool IsPunctuation(char letter) => "{}[]:,".Contains(letter, StringComparison.Ordinal);
}
