namespace Meerkat.Boot.Log;

/// <summary>A log line that programs look for: it has a name and fields besides its words.</summary>
/// <param name="Name">For machines: <c>fall_back</c>. The names stand in docs/operating.md.</param>
/// <param name="Text">For people, one line.</param>
public sealed record LogEvent(string Name, string Text)
{
    public Severity Severity { get; init; } = Severity.Info;

    /// <summary>The slot it is about.</summary>
    public int? Slot { get; init; }

    /// <summary>The version in that slot.</summary>
    public string? Version { get; init; }

    /// <summary>Why, for machines: the code of the reason, the name of the rule, how an update ended.</summary>
    public string? Reason { get; init; }
}
