using System.Globalization;
using System.Text;

namespace Meerkat.EndToEnd.Tests.SystemCalls;

/// <summary>The arguments of a call as strace writes them with <c>-y -xx</c>.</summary>
internal static class TraceText
{
    private const string Cut = "...";

    /// <summary>Parts the arguments at the commas between them.</summary>
    public static List<string> Split(ReadOnlySpan<char> text)
    {
        var parts = new List<string>();
        var (start, depth, quoted) = (0, 0, false);
        for (var index = 0; index < text.Length; index++)
        {
            switch (text[index])
            {
                case '"':
                    quoted = !quoted;
                    break;
                case '[' or '{' or '<' or '(' when !quoted:
                    depth++;
                    break;
                case ']' or '}' or '>' or ')' when !quoted:
                    depth--;
                    break;
                case ',' when !quoted && depth == 0:
                    parts.Add(text[start..index].Trim().ToString());
                    start = index + 1;
                    break;
                default:
                    break;
            }
        }
        if (text[start..].Trim() is { IsEmpty: false } last)
        {
            parts.Add(last.ToString());
        }
        return parts;
    }

    /// <summary>The bytes of a quoted string.</summary>
    /// <exception cref="FormatException">It is none, or strace has left some of it out.</exception>
    public static byte[] Bytes(string argument)
    {
        if (argument.EndsWith(Cut, StringComparison.Ordinal))
        {
            throw new FormatException("strace has not written all the bytes; raise its option -s");
        }
        return argument is ['"', .., '"']
            ? FromHex(argument.AsSpan(1, argument.Length - 2))
            : throw new FormatException($"expected a string, found {argument}");
    }

    /// <summary>The bytes of a list of buffers: <c>[{iov_base="...", iov_len=3}, ...]</c>.</summary>
    /// <exception cref="FormatException">They are not all there.</exception>
    public static byte[] Buffers(string argument)
    {
        const string begin = "iov_base=";
        if (argument is not ['[', .., ']'])
        {
            throw new FormatException($"expected a list of buffers, found {argument}");
        }
        var bytes = new MemoryStream();
        foreach (var buffer in Split(argument.AsSpan(1, argument.Length - 2)))
        {
            if (buffer is not ['{', .., '}'])
            {
                throw new FormatException($"expected a buffer, found {buffer}");
            }
            var fields = Split(buffer.AsSpan(1, buffer.Length - 2));
            bytes.Write(Bytes(fields.Single(field => field.StartsWith(begin, StringComparison.Ordinal))[begin.Length..]));
        }
        return bytes.ToArray();
    }

    public static string Text(string argument) => Encoding.UTF8.GetString(Bytes(argument));

    /// <summary>What a descriptor leads to: <c>5&lt;path&gt;</c>; none when it has no path.</summary>
    public static TracedPath? Path(string argument)
    {
        const string deleted = "(deleted)";
        var open = argument.IndexOf('<', StringComparison.Ordinal);
        var close = argument.LastIndexOf('>');
        if (open < 0 || close < open || open + 1 == close || argument[open + 1] != '\\')
        {
            return null;
        }
        return new TracedPath(
            Encoding.UTF8.GetString(FromHex(argument.AsSpan(open + 1, close - open - 1))),
            argument.EndsWith(deleted, StringComparison.Ordinal));
    }

    /// <summary>A number as the C language writes it: 8, 010 or 0x8; -1 is the highest of 32 bits where they have no sign.</summary>
    public static long Number(string argument)
    {
        var text = argument.Split('<')[0];
        return text switch
        {
            ['0', 'x', .. var hex] => long.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
            ['0', .. { Length: > 0 } octal] => Convert.ToInt64(octal, 8),
            _ => long.Parse(text, CultureInfo.InvariantCulture),
        };
    }

    private static byte[] FromHex(ReadOnlySpan<char> text)
    {
        const int each = 4;
        if (text.Length % each != 0)
        {
            throw new FormatException($"expected \\x and two digits for every byte, found {text}");
        }
        var bytes = new byte[text.Length / each];
        for (var index = 0; index < bytes.Length; index++)
        {
            if (text[index * each] != '\\' || text[(index * each) + 1] != 'x')
            {
                throw new FormatException($"expected \\x and two digits for every byte, found {text[(index * each)..]}");
            }
            bytes[index] = byte.Parse(text.Slice((index * each) + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }
        return bytes;
    }
}
