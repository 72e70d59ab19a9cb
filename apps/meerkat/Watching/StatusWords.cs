using System.Globalization;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Watching;

/// <summary>A device's state in words.</summary>
internal static class StatusWords
{
    public static string OneLine(OtaStatus status)
    {
        var words = new List<string>
        {
            $"{status.PhaseWord}: version {status.Version ?? "unknown"}{(status.Slot is { } slot ? Invariant($" in slot {slot}") : "")}",
            status.IsCommitted ? "committed" : "not committed",
        };
        if (status.Ready is { } ready)
        {
            words.Add(ready ? "ready" : "not ready");
        }
        if (IsUpdating(status) && status.Progress is { } percent)
        {
            words.Add(Invariant($"{percent:0} %"));
        }
        if (status is { IsCommitted: false, DeadlineLeft: { } left })
        {
            words.Add(Invariant($"falls back in {Math.Ceiling(left):0} s"));
        }
        if (status is { IsCommitted: false, Health: { IsWaiting: true } health })
        {
            words.Add(health.Problem.Length > 0 ? $"{health.Count} ({health.Problem})" : health.Count);
        }
        return string.Join(", ", words);
    }

    /// <summary>A bundle is coming in.</summary>
    public static bool IsUpdating(OtaStatus status) => status.PhaseWord is "updating" or "receiving" or "writing" or "verifying";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
