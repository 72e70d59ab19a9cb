using Meerkat.Core.Values;

namespace Meerkat.Core.Boot;

/// <summary>What <c>OTA.SetBootState</c> sets; what it does not name keeps its value (specification 7.8).</summary>
public sealed record BootStateChange
{
    /// <summary>The slot that the next boot uses.</summary>
    public SlotId? Active { get; init; }

    public bool? Committed { get; init; }

    /// <summary>Whether <see cref="Fallback"/> is meant.</summary>
    public bool SetsFallback { get; init; }

    /// <summary>The slot to fall back to; none: there shall be none.</summary>
    public SlotId? Fallback { get; init; }

    /// <summary>Seconds, 0 to 604800.</summary>
    public int? CommitTimeoutSeconds { get; init; }

    public bool IsEmpty => IsTimeoutAlone && CommitTimeoutSeconds is null;

    /// <summary>Only more or less time for the trial.</summary>
    public bool IsTimeoutAlone => Active is null && Committed is null && !SetsFallback;
}
