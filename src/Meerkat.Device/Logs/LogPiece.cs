namespace Meerkat.Device.Logs;

/// <summary>A part of a log.</summary>
/// <param name="Text">Bytes that are not UTF-8 show as U+FFFD.</param>
/// <param name="End">Where it ends: what comes next begins there.</param>
/// <param name="More">More follows already.</param>
/// <param name="Cut">Not all lines that were asked for: an answer holds no more.</param>
/// <param name="Missed">What followed the place asked for is not kept any more; this begins with the oldest that is.</param>
public sealed record LogPiece(string Text, LogPosition End, bool More = false, bool Cut = false, bool Missed = false);
