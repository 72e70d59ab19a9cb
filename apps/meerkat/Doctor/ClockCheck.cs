using System.Globalization;

namespace Meerkat.Tool.Doctor;

/// <summary>A clock that was never set shows a year before this program was made.</summary>
internal static class ClockCheck
{
    public const string Name = "clock";

    private const int Made = 2026;

    public static Finding Judge(DateTimeOffset now) => now.Year < Made
        ? new Finding(
            Name, FindingState.Warning,
            string.Create(CultureInfo.InvariantCulture, $"the clock is not set: it shows {now:yyyy-MM-dd}. Updates work; certificates of servers do not"),
            "let the machine ask a time server (systemd-timesyncd), or set the clock")
        : new Finding(Name, FindingState.Ok, string.Create(CultureInfo.InvariantCulture, $"{now:yyyy-MM-dd HH:mm:ss} UTC"));
}
