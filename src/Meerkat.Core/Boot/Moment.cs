namespace Meerkat.Core.Boot;

/// <summary>When an event happened: on a clock that never jumps, and on the device's clock, which may.</summary>
/// <param name="Uptime">Since some fixed point; only differences count.</param>
/// <param name="Wall">For people; no decision depends on it.</param>
public readonly record struct Moment(TimeSpan Uptime, DateTimeOffset Wall);
