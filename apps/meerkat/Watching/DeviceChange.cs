using System.Text.Json.Nodes;
using Meerkat.Tool.Devices;

namespace Meerkat.Tool.Watching;

/// <summary>What a change is about: the words of the JSON lines.</summary>
internal enum ChangeKind
{
    /// <summary>The first look, and any other change of what is shown.</summary>
    State,

    /// <summary>The device does not answer.</summary>
    Away,

    /// <summary>It answers again.</summary>
    Back,

    /// <summary>It has been restarted.</summary>
    Restart,

    /// <summary>It has left a slot, for a reason.</summary>
    FellBack,

    /// <summary>An update has failed before its restart; the message says why.</summary>
    Failed,
}

/// <summary>Something that was different at the last look.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Time">When it was seen, by the clock here.</param>
/// <param name="Status">What the device told; while it is away, what it told last.</param>
/// <param name="Restarts">Restarts seen so far.</param>
internal sealed record DeviceChange(ChangeKind Kind, DateTimeOffset Time, OtaStatus? Status, int Restarts)
{
    /// <summary>In one line, without the time.</summary>
    public string Text => Kind switch
    {
        ChangeKind.Away => "away: the device does not answer",
        ChangeKind.Back => "back: the device answers again",
        ChangeKind.Restart => $"restart: number {Restarts} since this watch began",
        ChangeKind.FellBack => $"fell back: {(Status?.Reason is { } reason ? reason.Described : Status?.Message)}",
        ChangeKind.Failed => $"failed: {Status?.Message}",
        _ => Status is null ? "unknown" : StatusWords.OneLine(Status),
    };

    public JsonObject ToJson() => new()
    {
        ["time"] = Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture),
        ["event"] = Kind switch
        {
            ChangeKind.FellBack => "fell_back",
            _ => Kind.ToString().ToLowerInvariant(),
        },
        ["phase"] = Status?.PhaseWord,
        ["version"] = Status?.Version,
        ["slot"] = Status?.Slot,
        ["committed"] = Status?.IsCommitted,
        ["ready"] = Status?.Ready,
        ["progress_percent"] = Status?.Progress,
        ["deadline_left"] = Status?.DeadlineLeft,
        ["restarts"] = Restarts,
        ["message"] = Status?.Message,
        ["health"] = Status?.Health?.Json.DeepClone(),
        ["reason"] = Status?.Reason?.Json.DeepClone(),
    };
}
