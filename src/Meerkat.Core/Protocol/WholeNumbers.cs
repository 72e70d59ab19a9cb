using System.Globalization;

namespace Meerkat.Core.Protocol;

/// <summary>Whole numbers as people and C programs write them.</summary>
public static class WholeNumbers
{
    /// <summary>
    /// Reads <c>300</c>, <c>-5</c>, <c>0x1F</c> and <c>3e2</c> or <c>300.0</c> (whole all the same), with blanks around. A leading zero is
    /// refused: the original reads <c>010</c> as eight and people read it as ten.
    /// </summary>
    public static bool TryParse(string? text, out long number)
    {
        number = 0;
        if (string.IsNullOrWhiteSpace(text))
        {
            return false;
        }
        var digits = text.AsSpan().Trim();
        var negative = digits[0] == '-';
        var magnitude = negative ? digits[1..] : digits;
        if (magnitude.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            if (!long.TryParse(magnitude[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number) || number < 0)
            {
                return false;
            }
            number = negative ? -number : number;
            return true;
        }
        if (magnitude is ['0', >= '0' and <= '9', ..])
        {
            return false;
        }
        if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number))
        {
            return true;
        }
        const NumberStyles Fraction = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (!decimal.TryParse(digits, Fraction, CultureInfo.InvariantCulture, out var exact)
            || decimal.Truncate(exact) != exact || exact is < long.MinValue or > long.MaxValue)
        {
            return false;
        }
        number = (long)exact;
        return true;
    }
}
