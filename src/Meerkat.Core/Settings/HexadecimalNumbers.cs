using System.Buffers;
using System.Globalization;
using System.Text;

namespace Meerkat.Core.Settings;

/// <summary>Numbers such as <c>0x1F</c>, which Mongoose OS takes in configuration files and JSON does not know.</summary>
internal static class HexadecimalNumbers
{
    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    /// <summary>The same text with these numbers in decimal; null when it has none. Texts in quotes stay as they are.</summary>
    public static byte[]? ToDecimal(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IndexOf("0x"u8) < 0 && utf8.IndexOf("0X"u8) < 0)
        {
            return null;
        }
        using var plain = new MemoryStream(utf8.Length);
        var inText = false;
        for (var at = 0; at < utf8.Length; at++)
        {
            var letter = utf8[at];
            var begins = !inText && (at == 0 || !(char.IsAsciiLetterOrDigit((char)utf8[at - 1]) || utf8[at - 1] == '.'));
            var digits = begins ? DigitsOf(utf8[at..]) : 0;
            if (digits > 0 && long.TryParse(utf8.Slice(at + 2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
                && number >= 0)
            {
                plain.Write(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
                at += 1 + digits;
                continue;
            }
            plain.WriteByte(letter);
            if (letter == '"')
            {
                inText = !inText;
            }
            else if (letter == '\\' && inText && at + 1 < utf8.Length)
            {
                plain.WriteByte(utf8[++at]);
            }
        }
        return plain.ToArray();
    }

    /// <summary>How many hexadecimal digits follow when the text begins with such a number.</summary>
    private static int DigitsOf(ReadOnlySpan<byte> text)
    {
        if (text is not [(byte)'0', (byte)'x' or (byte)'X', ..])
        {
            return 0;
        }
        var others = text[2..].IndexOfAnyExcept(Digits);
        return others < 0 ? text.Length - 2 : others;
    }
}
