using System.Globalization;

namespace Meerkat.Core.Values;

/// <summary>A number of bytes, shown to people in units of 1000: <c>512 B</c>, <c>41.2 MB</c>.</summary>
public readonly record struct ByteSize(long Bytes)
{
    private static readonly string[] Units = ["kB", "MB", "GB", "TB", "PB", "EB"];

    public override string ToString()
    {
        if (Bytes is > -1000 and < 1000)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{Bytes} B");
        }
        double amount = Bytes;
        var unit = -1;
        while (Math.Abs(amount) >= 999.5)
        {
            amount /= 1000;
            unit++;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{amount:0.#} {Units[unit]}");
    }
}
