using System.CommandLine.Parsing;
using System.Globalization;

namespace Meerkat.Tool.Devices;

/// <summary>Times on the command line: <c>20s</c>, <c>1.5m</c>, <c>500ms</c>, <c>2h</c>, or a number of seconds.</summary>
internal static class DurationText
{
    private static readonly (string Suffix, double Seconds)[] Units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];

    public static TimeSpan? Parse(ArgumentResult argument)
    {
        var text = argument.Tokens[^1].Value;
        if (TryParse(text, out var duration))
        {
            return duration;
        }
        argument.AddError($"{argument.Argument.Name} must be a time such as 20s, 500ms, 10m or 2h, found \"{text}\".");
        return null;
    }

    private static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var unit = Units.FirstOrDefault(u => text.EndsWith(u.Suffix, StringComparison.Ordinal), ("", 1));
        var digits = text.AsSpan(0, text.Length - unit.Suffix.Length);
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
            || amount <= 0 || amount * unit.Seconds > TimeSpan.FromDays(20).TotalSeconds)
        {
            return false;
        }
        duration = TimeSpan.FromSeconds(amount * unit.Seconds);
        return true;
    }
}
