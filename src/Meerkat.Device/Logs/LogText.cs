using System.Buffers;
using System.Text;

namespace Meerkat.Device.Logs;

/// <summary>Bytes of a log as text that fits into an answer.</summary>
public static class LogText
{
    private const char Replacement = '\uFFFD';

    /// <summary>What a character takes in JSON at most, whatever the writer escapes.</summary>
    private const int MostPerUnit = 6;

    /// <summary>Decodes from the front until the text takes <paramref name="most"/> bytes in JSON.</summary>
    /// <param name="bytes">The last character may not be whole yet; it is left for the next time.</param>
    /// <param name="most">Bytes of JSON.</param>
    /// <param name="used">Bytes that the text stands for.</param>
    public static string Decode(ReadOnlySpan<byte> bytes, int most, out int used)
    {
        var text = new StringBuilder(Math.Min(bytes.Length, most));
        used = 0;
        for (var size = 0; used < bytes.Length;)
        {
            var status = Rune.DecodeFromUtf8(bytes[used..], out var rune, out var length);
            size += status == OperationStatus.Done ? Size(rune) : MostPerUnit;
            if (status == OperationStatus.NeedMoreData || size > most)
            {
                break;
            }
            text.Append(status == OperationStatus.Done ? rune.ToString() : $"{Replacement}");
            used += length;
        }
        return text.ToString();
    }

    /// <summary>The end of a text that takes no more than <paramref name="most"/> bytes in JSON, in whole lines where it can.</summary>
    public static string End(string text, int most)
    {
        var from = text.Length;
        for (var size = 0; from > 0; from--)
        {
            size += Size(text[from - 1]);
            if (size > most)
            {
                from += from < text.Length && char.IsLowSurrogate(text[from]) ? 1 : 0;
                var line = text.IndexOf('\n', from);
                return text[(line >= 0 && line < text.Length - 1 ? line + 1 : from)..];
            }
        }
        return text;
    }

    /// <summary>The last lines of a text; a last one without its line end counts.</summary>
    public static string LastLines(string text, int lines)
    {
        var from = text.Length;
        for (var found = 0; from > 0 && found < lines; found++)
        {
            from = from >= 2 ? text.LastIndexOf('\n', from - 2) + 1 : 0;
        }
        return text[from..];
    }

    private static int Size(Rune rune) => rune.IsAscii ? Size((char)rune.Value) : rune.Utf16SequenceLength * MostPerUnit;

    private static int Size(char unit) => char.IsAsciiLetterOrDigit(unit) || unit is ' ' or '.' or ',' or ':' or '-' or '_' or '/' ? 1
        : unit is '\n' or '\t' ? 2
        : MostPerUnit;
}
